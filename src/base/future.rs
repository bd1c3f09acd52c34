//! The boxed future that trait objects return.

use std::future::Future;
use std::pin::Pin;

/// A future behind a pointer, so that traits with `async` methods can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
