use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{Project, ProjectError, apply, disk, layout};
use crate::base::{EnvName, ProjectName, Region, ResourceName, Target};
use crate::category::{HostingSpec, ResourceSpec};
use crate::error::{Code, Diagnose};
use crate::manifest::{Edit, Existing, FileChange, Manifest, ManifestChange};

fn manifest() -> Manifest {
    let target = Target::Local { region: Region::default() };
    Manifest::new(ProjectName::new("my-app").unwrap(), EnvName::new("dev").unwrap(), target)
}

fn project() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = Project::create(folder.path(), &manifest()).unwrap();
    (folder, project)
}

/// Every file of the project that the user sees, with its bytes.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if name == ".ampup" {
                continue;
            }
            if path.is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                walk(root, &path, found);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn write(path: &str, text: &str) -> FileChange {
    FileChange::Write { path: path.to_owned(), text: text.to_owned() }
}

fn create(path: &str, text: &str, existing: Existing) -> FileChange {
    FileChange::Create { path: path.to_owned(), text: text.to_owned(), existing }
}

fn replace(path: &str, before: Option<&str>, text: &str) -> FileChange {
    FileChange::Replace { path: path.to_owned(), before: before.map(str::to_owned), text: text.to_owned() }
}

/// A change of everything: the manifest, new files in new folders, a changed file, a removed one.
fn edit() -> Edit {
    let site = ResourceName::new("site").unwrap();
    Edit {
        manifest: vec![ManifestChange::PutResource(site, ResourceSpec::Hosting(HostingSpec::default()))],
        files: vec![
            create("site/index.html", "<p>hello</p>\n", Existing::Refuse),
            write("ampup/stacks/root.yaml", "new root\n"),
            write("ampup/stacks/site/deep/file.js", "// new\n"),
            FileChange::Remove { path: "ampup/stacks/old/gone.yaml".to_owned(), before: Some("old\n".to_owned()) },
        ],
    }
}

fn prepared() -> (tempfile::TempDir, Project) {
    let (folder, mut project) = project();
    let files = vec![write("ampup/stacks/root.yaml", "old root\n"), write("ampup/stacks/old/gone.yaml", "old\n")];
    project.apply(&Edit { manifest: Vec::new(), files }).unwrap();
    (folder, project)
}

/// Stops at the given access of the disk, as a kill does: nothing after it happens.
fn stop_at(step: usize) -> impl FnMut() -> Result<(), ProjectError> {
    let mut left = step;
    move || {
        left = left.checked_sub(1).ok_or(ProjectError::NoEnvironments)?;
        Ok(())
    }
}

#[test]
fn a_stop_at_any_moment_leaves_the_project_before_or_after() {
    let (folder, mut project) = prepared();
    let before = tree(folder.path());
    project.apply(&edit()).unwrap();
    let after = tree(folder.path());
    assert!(!after.contains_key("ampup/stacks/old/"), "a folder that became empty goes");
    let (mut seen_before, mut seen_after, mut stops) = (0, 0, 0);
    for step in 0.. {
        let (folder, mut project) = prepared();
        let outcome = project.apply_with(&edit(), &mut stop_at(step));
        // A stop of the recovery, too, may come at any moment.
        for second in 0..step {
            if folder.path().join(layout::JOURNAL).exists() {
                let lock = disk::lock(&folder.path().join(layout::LOCK)).unwrap();
                let root = disk::absolute(folder.path()).unwrap();
                let _ = apply::recover(&root, &mut stop_at(second));
                drop(lock);
            }
        }
        let found = Project::discover(folder.path()).unwrap();
        let now = tree(folder.path());
        if now == before {
            seen_before += 1;
            assert!(found.manifest().resources.is_empty());
        } else {
            seen_after += 1;
            assert!(now == after, "step {step}: {:?}", now.keys());
            assert_eq!(found.manifest().resources.len(), 1);
        }
        if outcome.is_ok() {
            break;
        }
        stops += 1;
    }
    assert!(seen_before >= 1 && seen_after >= 5 && stops >= 6, "{seen_before} {seen_after} {stops}");
}

#[test]
fn a_refusal_of_the_disk_half_way_undoes_the_change() {
    let (folder, mut project) = prepared();
    // A folder where a file should be: the last write is refused, whoever runs this.
    fs::create_dir_all(folder.path().join("ampup/stacks/.blocked.yaml.ampup-new/x")).unwrap();
    let before = tree(folder.path());
    let mut edit = edit();
    edit.files.push(write("ampup/stacks/blocked.yaml", "x\n"));
    let error = project.apply(&edit).unwrap_err();
    assert_eq!(error.code(), Code::AMP0105);
    assert_eq!(tree(folder.path()), before);
    assert!(Project::discover(folder.path()).unwrap().manifest().resources.is_empty());
}

#[test]
fn a_file_that_the_user_changed_before_the_recovery_is_kept() {
    let (folder, mut project) = prepared();
    let journal_only = 1;
    project.apply_with(&edit(), &mut stop_at(journal_only)).unwrap_err();
    fs::write(folder.path().join("ampup/stacks/root.yaml"), "mine\n").unwrap();
    let found = Project::discover(folder.path()).unwrap();
    assert_eq!(found.manifest().resources.len(), 1);
    assert_eq!(fs::read_to_string(folder.path().join("ampup/stacks/root.yaml")).unwrap(), "mine\n");
    assert!(folder.path().join("site/index.html").is_file());
}

#[test]
fn a_journal_gets_nothing_out_of_the_project() {
    for path in ["../evil", "/tmp/evil", "a/../../evil", ".ampup/lock", ".git/hooks/pre-commit"] {
        let (folder, _) = project();
        let journal = serde_json::json!({ "steps": [{ "path": path, "before": null, "after": "AAAA" }] });
        fs::write(folder.path().join(layout::JOURNAL), journal.to_string()).unwrap();
        let error = Project::discover(folder.path()).unwrap_err();
        assert!(matches!(error, ProjectError::Outside(_)), "{path}: {error}");
    }
    let (folder, _) = project();
    fs::write(folder.path().join(layout::JOURNAL), "half a jour").unwrap();
    assert_eq!(Project::discover(folder.path()).unwrap_err().code(), Code::AMP0105);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_not_written_through() {
    let (folder, mut project) = project();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("site")).unwrap();
    let error = project.apply(&Edit { manifest: Vec::new(), files: vec![write("site/x", "x")] }).unwrap_err();
    assert!(matches!(error, ProjectError::Outside(_)), "{error}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn files_of_the_user_are_never_overwritten() {
    let (folder, mut project) = prepared();
    fs::create_dir_all(folder.path().join("site")).unwrap();
    fs::write(folder.path().join("site/index.html"), "mine").unwrap();
    let before = tree(folder.path());
    for (change, code) in [
        (create("site/index.html", "ours", Existing::Refuse), Code::AMP0104),
        (replace("site/index.html", None, "ours"), Code::AMP0106),
        (replace("site/index.html", Some("theirs"), "ours"), Code::AMP0106),
        (FileChange::Remove { path: "site/index.html".to_owned(), before: Some("theirs".to_owned()) }, Code::AMP0106),
        (write("../x", "ours"), Code::AMP0105),
    ] {
        let files = vec![write("ampup/stacks/root.yaml", "not written"), change.clone()];
        let error = project.apply(&Edit { manifest: Vec::new(), files }).unwrap_err();
        assert_eq!(error.code(), code, "{change:?}");
        assert_eq!(tree(folder.path()), before, "{change:?}");
    }
    let files =
        vec![create("site/index.html", "ours", Existing::Keep), create("site/new.html", "ours", Existing::Keep)];
    let applied = project.apply(&Edit { manifest: Vec::new(), files }).unwrap();
    assert_eq!((applied.kept, applied.created), (vec!["site/index.html".to_owned()], vec!["site/new.html".to_owned()]));
}

#[test]
fn two_commands_do_not_interleave() {
    let (folder, mut first) = prepared();
    let mut second = Project::discover(folder.path()).unwrap();
    first.apply(&edit()).unwrap();
    let error = second.apply(&edit()).unwrap_err();
    assert_eq!(error.code(), Code::AMP0106);
    let lock = disk::lock(&folder.path().join(layout::LOCK)).unwrap();
    let error = first.apply(&Edit { manifest: Vec::new(), files: vec![write("a", "b")] }).unwrap_err();
    assert!(matches!(error, ProjectError::Busy(_)), "{error}");
    drop(lock);
    first.apply(&Edit { manifest: Vec::new(), files: vec![write("a", "b")] }).unwrap();
}

#[test]
fn a_wrong_edit_leaves_no_trace() {
    let (folder, mut project) = prepared();
    let before = tree(folder.path());
    let mut edit = edit();
    edit.manifest.push(ManifestChange::RemoveResource(ResourceName::new("nothing").unwrap()));
    assert_eq!(project.apply(&edit).unwrap_err().code(), Code::AMP0109);
    assert_eq!(tree(folder.path()), before);
    assert!(project.manifest().resources.is_empty());
}

#[test]
fn a_project_is_found_from_below_and_not_made_twice() {
    let (folder, project) = project();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    assert_eq!(Project::discover(&folder.path().join("a/b")).unwrap().root(), project.root());
    assert_eq!(Project::create(folder.path(), &manifest()).unwrap_err().code(), Code::AMP0111);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(Project::discover(empty.path()).unwrap_err().code(), Code::AMP0101);
    fs::write(empty.path().join(layout::MANIFEST), b"version = 1\nname = \"\xff\"").unwrap();
    let error = Project::discover(empty.path()).unwrap_err();
    assert_eq!((error.code(), error.problems()[0].location.as_ref().unwrap().line), (Code::AMP0102, 2));
}

#[test]
fn lines_for_git_are_put_after_what_is_there() {
    for (there, wanted) in [
        (None, "# What ampup keeps on this computer alone\n/.ampup/\n"),
        (Some("dist\n"), "dist\n\n# What ampup keeps on this computer alone\n/.ampup/\n"),
        (Some("dist"), "dist\n\n# What ampup keeps on this computer alone\n/.ampup/\n"),
        (Some(".ampup/\n"), ".ampup/\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".gitignore");
        if let Some(there) = there {
            fs::write(&path, there).unwrap();
        }
        Project::create(folder.path(), &manifest()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), wanted, "{there:?}");
    }
}

#[test]
fn sources_name_every_file_that_cannot_be_used() {
    let (folder, project) = project();
    let api = folder.path().join("ampup/api/blog/resolvers");
    fs::create_dir_all(&api).unwrap();
    fs::write(folder.path().join("ampup/api/blog/schema.graphql"), "type A { a: ID }").unwrap();
    fs::write(api.join("Query.a.js"), "export {}").unwrap();
    fs::write(api.join("picture.png"), [0xff, 0xfe]).unwrap();
    fs::write(api.join(".hidden.js"), [0xff]).unwrap();
    let sources = project.sources().unwrap();
    assert_eq!(sources.text("ampup/api/blog/schema.graphql"), Some("type A { a: ID }"));
    assert_eq!(sources.below("ampup/api/blog").count(), 2);
    fs::write(api.join("Query.b.js"), b"// caf\xe9\n").unwrap();
    fs::write(api.join("Query.c.js"), b"\n\xff").unwrap();
    let error = project.sources().unwrap_err();
    let places: Vec<String> =
        error.problems().iter().map(|problem| problem.location.clone().unwrap().to_string()).collect();
    assert_eq!(places, ["ampup/api/blog/resolvers/Query.b.js:1:7", "ampup/api/blog/resolvers/Query.c.js:2:1"]);
}

#[test]
fn the_environment_is_the_wanted_the_used_or_the_first() {
    let (_folder, mut project) = project();
    let test = EnvName::new("test").unwrap();
    assert_eq!(project.environment(Some(&test)).unwrap_err().code(), Code::AMP0108);
    assert!(project.use_environment(&test).is_err());
    let change = ManifestChange::PutEnvironment(test.clone(), Target::Local { region: Region::default() });
    project.apply(&Edit { manifest: vec![change], files: Vec::new() }).unwrap();
    assert_eq!(project.environment(None).unwrap().name.as_str(), "dev");
    project.use_environment(&test).unwrap();
    assert_eq!(project.environment(None).unwrap().name, test);
    assert_eq!(Project::discover(project.root()).unwrap().environment(None).unwrap().name, test);
    project.apply(&Edit { manifest: vec![ManifestChange::RemoveEnvironment(test)], files: Vec::new() }).unwrap();
    assert_eq!(project.environment(None).unwrap().name.as_str(), "dev");
}

#[test]
fn what_is_local_is_remembered() {
    let (_folder, project) = project();
    assert_eq!(project.cloud_address().unwrap(), None);
    project.set_cloud_address(Some("http://127.0.0.1:4700")).unwrap();
    assert_eq!(project.cloud_address().unwrap().as_deref(), Some("http://127.0.0.1:4700"));
    project.set_cloud_address(None).unwrap();
    assert_eq!(project.cloud_address().unwrap(), None);
    for number in 10..35 {
        project.new_log(&format!("{number}-push")).unwrap();
    }
    let logs = fs::read_dir(project.root().join(layout::LOGS)).unwrap().count();
    assert_eq!(logs, 20);
    assert!(project.root().join(layout::LOGS).join("34-push.log").is_file());
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, mut project) = prepared();
    let before = tree(folder.path());
    let path = folder.path().join("ampup/stacks/root.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let error = project.apply(&edit()).unwrap_err();
    assert_eq!(error.code(), Code::AMP0105);
    assert!(error.to_string().contains("ampup/stacks/root.yaml") && !error.hints().is_empty(), "{error}");
    assert_eq!(tree(folder.path()), before);
}
