//! A scene as an SVG document that stands alone: no scripts, no fonts from elsewhere, light and dark.

use std::fmt::Write as _;

use super::graph::EdgeKind;
use super::scene::{Line, PlacedBox, Rect, Scene, loops};

/// What is left free around the picture.
const MARGIN: i32 = 24;

const STYLE: &str = "\
svg{background:#fff;color:#1f2937;font-family:ui-sans-serif,system-ui,'Segoe UI',Helvetica,Arial,sans-serif}\
.box{fill:#fff;stroke:#9ca3af;stroke-width:1.5}\
.frame{fill:#6b72800a;stroke:#9ca3af;stroke-width:1.5;stroke-dasharray:6 5}\
.circle{fill:#f9fafb;stroke:#6b7280;stroke-width:1.5}\
.name{font-size:13px;font-weight:600;fill:currentColor;text-anchor:middle}\
.title{font-size:13px;font-weight:600;fill:currentColor}\
.kind{font-size:10px;fill:#6b7280;text-anchor:middle;letter-spacing:.06em;text-transform:uppercase}\
.note{font-size:11px;fill:#6b7280;text-anchor:middle}\
.line{fill:none;stroke:#6b7280;stroke-width:1.5}\
.catch{stroke-dasharray:4 4}\
.tip{fill:#6b7280}\
.label{font-size:11px;fill:#374151;text-anchor:middle}\
.plate{fill:#fff}\
.in-progress .box,.in-progress .frame{stroke:#2563eb;fill:#dbeafe}\
.succeeded .box,.succeeded .frame{stroke:#16a34a;fill:#dcfce7}\
.failed .box,.failed .frame{stroke:#dc2626;fill:#fee2e2}\
.caught .box,.caught .frame{stroke:#ea580c;fill:#ffedd5}\
.aborted .box,.aborted .frame{stroke:#6b7280;fill:#f3f4f6}\
.in-progress .frame,.succeeded .frame,.failed .frame,.caught .frame,.aborted .frame{fill-opacity:.35}\
@media(prefers-color-scheme:dark){svg{background:#111827;color:#f3f4f6}.box{fill:#1f2937;stroke:#6b7280}\
.circle{fill:#1f2937}.plate{fill:#111827}.label{fill:#d1d5db}.kind,.note{fill:#9ca3af}\
.in-progress .box{fill:#1e3a8a}.succeeded .box{fill:#14532d}.failed .box{fill:#7f1d1d}.caught .box{fill:#7c2d12}\
.aborted .box{fill:#374151}}";

/// Draws a scene.
pub(super) fn draw(scene: &Scene, title: &str) -> String {
    let (width, height) = (scene.width + 2 * MARGIN, scene.height + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" \
         refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><path class=\"tip\" d=\"M0 1 10 5 0 \
         9z\"/></marker></defs>\n<g transform=\"translate({MARGIN} {MARGIN})\">\n",
        escaped(title)
    );
    for found in scene.boxes.iter().filter(|found| found.contains) {
        state(&mut svg, found);
    }
    for line in &scene.lines {
        path(&mut svg, line);
    }
    for found in scene.boxes.iter().filter(|found| !found.contains) {
        state(&mut svg, found);
    }
    for line in &scene.lines {
        label(&mut svg, line);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn state(svg: &mut String, found: &PlacedBox) {
    let Rect { x, y, width, height } = found.rect;
    let (middle, centre) = (x + width / 2, y + height / 2);
    let class = found.mark.as_ref().map_or("", |mark| mark.status.name());
    let name = escaped(&found.name);
    let _ = write!(svg, "<g class=\"state {class}\" data-state=\"{name}\"><title>{}: {name}</title>", found.kind);
    match found.kind {
        "Start" | "End" => {
            let _ = write!(
                svg,
                "<circle class=\"circle\" cx=\"{middle}\" cy=\"{centre}\" r=\"{}\"/><text class=\"name\" x=\"{middle}\" \
                 y=\"{}\">{name}</text>",
                width / 2,
                centre + 4
            );
        }
        _ if found.contains => {
            let _ = write!(
                svg,
                "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\"/><text \
                 class=\"title\" x=\"{}\" y=\"{}\">{} · {name}</text>",
                x + 12,
                y + 19,
                found.kind
            );
        }
        kind => {
            let radius = if matches!(kind, "Succeed" | "Fail") { height / 2 } else { 8 };
            let _ = write!(
                svg,
                "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/><text \
                 class=\"kind\" x=\"{middle}\" y=\"{}\">{kind}</text><text class=\"name\" x=\"{middle}\" y=\"{}\">{name}</text>",
                y + 18,
                y + 35
            );
        }
    }
    let first = if found.contains { y + height - 8 } else { y + 51 };
    let notes = found.mark.iter().filter_map(|mark| mark.note.clone()).chain(loops(&found.loops));
    for (row, note) in (0..).zip(notes) {
        let place = first + row * 16;
        let _ = write!(svg, "<text class=\"note\" x=\"{middle}\" y=\"{place}\">{}</text>", escaped(&note));
    }
    svg.push_str("</g>\n");
}

/// A line through its points: bent between layers, straight through them.
fn path(svg: &mut String, line: &Line) {
    let Some(((x, y), rest)) = line.points.split_first() else { return };
    let mut way = format!("M{x} {y}");
    let (mut from, mut bends) = ((*x, *y), true);
    for (x, y) in rest {
        if bends && *x != from.0 {
            let middle = i32::midpoint(from.1, *y);
            let _ = write!(way, "C{} {middle} {x} {middle} {x} {y}", from.0);
        } else {
            let _ = write!(way, "L{x} {y}");
        }
        (from, bends) = ((*x, *y), !bends);
    }
    let class = if line.kind == EdgeKind::Catch { "line catch" } else { "line" };
    let _ = writeln!(svg, "<path class=\"{class}\" d=\"{way}\" marker-end=\"url(#tip)\"/>");
}

fn label(svg: &mut String, line: &Line) {
    let Some((text, rect)) = &line.label else { return };
    let Rect { x, y, width, height } = *rect;
    let _ = writeln!(
        svg,
        "<rect class=\"plate\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/><text class=\"label\" \
         x=\"{}\" y=\"{}\">{}</text>",
        x + width / 2,
        y + height / 2 + 4,
        escaped(text)
    );
}

/// A text in XML; what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
