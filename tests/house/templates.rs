//! The table of embedded templates is the folder of templates.

use crate::support::{files_below, project};

#[test]
fn every_template_is_embedded_and_nothing_else() {
    let folder = project().join("templates");
    let mut on_disk: Vec<String> = files_below(&folder, "tera")
        .into_iter()
        .map(|file| file.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/"))
        .map(|path| path.trim_end_matches(".tera").to_owned())
        .collect();
    on_disk.sort();
    let mut embedded: Vec<String> = ampup::render::TEMPLATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    embedded.sort();
    assert_eq!(on_disk, embedded);
}
