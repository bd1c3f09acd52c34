//! Work that goes on when nobody waits for it any longer.
//!
//! A request is answered where it arrived, on the task of its connection: a task of its own would cost a change of threads.
//! When the client goes away, the work gets one after all, so that it ends nothing in its middle.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Work, and its result; none when it panicked.
pub(super) struct Onward<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Onward<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Onward<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(work) = &mut self.0 else { return Poll::Ready(None) };
        // A panic costs its request and not the connection: what it held is dropped with it.
        let done = match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(done)) => Some(done),
            Err(_) => None,
        };
        self.0 = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for Onward<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::Onward;

    #[tokio::test]
    async fn work_is_done_when_nobody_waits() {
        let (go, wait) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let mut work = Onward::new(async move {
            let _ = wait.await;
            let _ = tell.send(7);
        });
        // Begun, and given up.
        assert!(tokio::time::timeout(Duration::ZERO, &mut work).await.is_err());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(told.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_no_result() {
        let work = Onward::new(async { if std::env::args().count() > 0 { panic!("on purpose") } else { 1 } });
        assert_eq!(work.await, None);
        assert_eq!(Onward::new(async { 2 }).await, Some(2));
    }
}
