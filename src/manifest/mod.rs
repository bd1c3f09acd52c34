//! The project as data: names, environments, resource settings, edits.
