//! One use case per file; joins the rooms below; no text, no questions.
