//! Screen and keyboard: results, progress, prompts, colours.
