//! tera with our embedded templates and the user's overrides (handed in as data).
