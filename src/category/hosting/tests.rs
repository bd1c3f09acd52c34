use indexmap::IndexMap;

use super::HostingSpec;
use crate::base::ResourceName;
use crate::category::{Context, ResourceSpec, Sources, Synthesis};
use crate::cfn::Value;
use crate::render::Renderer;

fn synthesize(spec: &HostingSpec) -> Synthesis {
    let (name, sources, render) = (ResourceName::new("site").unwrap(), Sources::default(), Renderer::default());
    let siblings = IndexMap::from([(name.clone(), ResourceSpec::Hosting(spec.clone()))]);
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render }).unwrap()
}

#[test]
fn stacks_are_as_approved() {
    let check = |spec: &HostingSpec, golden: snapbox::Data| {
        let stack = synthesize(spec);
        assert!(crate::cfn::check(&stack.template).is_empty());
        assert!(stack.template.resources.values().all(|resource| resource.label.is_some()));
        snapbox::assert_data_eq!(stack.text, golden.raw());
    };
    check(&HostingSpec::default(), snapbox::file!["../../../tests/golden/stacks/hosting-spa.yaml": Text]);
    let pages = HostingSpec { spa: false, ..HostingSpec::default() };
    check(&pages, snapbox::file!["../../../tests/golden/stacks/hosting-pages.yaml": Text]);
}

/// What the function of a stack makes of a path.
fn rewritten(spec: &HostingSpec, path: &str) -> String {
    let stack = synthesize(spec);
    let code =
        stack.template.resources["ViewerRequest"].properties.get("FunctionCode").and_then(Value::as_text).unwrap();
    let runtime = rquickjs::Runtime::new().unwrap();
    let call = format!("{code}\nhandler({{ request: {{ uri: {path:?} }} }}).uri");
    rquickjs::Context::full(&runtime).unwrap().with(|context| context.eval::<String, _>(call).unwrap())
}

#[test]
fn paths_are_rewritten_as_the_site_wants_it() {
    let spa = HostingSpec::default();
    let pages = HostingSpec { spa: false, ..HostingSpec::default() };
    for (path, in_spa, in_pages) in [
        ("/", "/index.html", "/index.html"),
        ("/posts", "/index.html", "/posts/index.html"),
        ("/posts/1", "/index.html", "/posts/1/index.html"),
        ("/posts/", "/index.html", "/posts/index.html"),
        ("/a.b/c", "/index.html", "/a.b/c/index.html"),
        ("/app.js", "/app.js", "/app.js"),
        ("/a/b.css", "/a/b.css", "/a/b.css"),
        ("/amplify_outputs.json", "/amplify_outputs.json", "/amplify_outputs.json"),
        ("/.well-known/assetlinks", "/.well-known/assetlinks", "/.well-known/assetlinks"),
    ] {
        assert_eq!(rewritten(&spa, path), in_spa, "{path}");
        assert_eq!(rewritten(&pages, path), in_pages, "{path}");
    }
}

#[test]
fn a_sample_site_is_written_where_the_settings_say() {
    let name = ResourceName::new("site").unwrap();
    let spec = HostingSpec { source: "web/public".to_owned(), sample: true, ..HostingSpec::default() };
    let files = spec.scaffold(&name, &Renderer::default()).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["web/public/index.html", "web/public/app.js", "web/public/style.css"]);
    assert!(files[0].text.starts_with("<!doctype html>"));
    // Nothing is loaded from elsewhere.
    assert!(files.iter().all(|file| !file.text.contains("http://") && !file.text.contains("https://")));
    assert!(HostingSpec::default().scaffold(&name, &Renderer::default()).unwrap().is_empty());
}
