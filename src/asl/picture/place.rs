//! Where the items of each layer stand: as straight above each other as their widths let them.

use super::layers::Layers;

/// How often the layers are gone through.
const PASSES: usize = 10;

/// Gives every item its middle, with `gap` units between neighbours. Nothing stands left of 0.
pub(super) fn place(layers: &mut Layers, gap: i32) {
    for row in layers.rows.clone() {
        let mut right = 0.0;
        for item in row {
            let half = f64::from(layers.items[item].width) / 2.0;
            layers.items[item].x = right + half;
            right += 2.0 * half + f64::from(gap);
        }
    }
    let count = layers.rows.len();
    for pass in 0..PASSES {
        let down = pass % 2 == 0;
        for step in 0..count {
            let row = if down { step } else { count - 1 - step };
            let both = pass + 2 >= PASSES;
            straighten(layers, row, down, both, gap);
        }
    }
    snap(layers, gap);
    align(layers, gap);
    nudge(layers, gap);
}

/// Moves the items of a row as near to their neighbours as they fit: least squares under the distances that they need.
fn straighten(layers: &mut Layers, row: usize, down: bool, both: bool, gap: i32) {
    let items = layers.rows[row].clone();
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    let mut offset = 0.0;
    let mut offsets = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            offset += distance(layers, items[at - 1], *item, gap);
        }
        offsets.push(offset);
        let (wanted, weight) = wanted(layers, *item, down, both);
        blocks.push((wanted - offset, weight, 1));
        // Neighbours that want the other's place share one in the middle.
        while let [.., (left, left_weight, left_count), (right, right_weight, right_count)] = blocks[..]
            && left > right
        {
            let weight = left_weight + right_weight;
            let middle = (left * left_weight + right * right_weight) / weight;
            blocks.truncate(blocks.len() - 2);
            blocks.push((middle, weight, left_count + right_count));
        }
    }
    let places = blocks.iter().flat_map(|(place, _, count)| std::iter::repeat_n(*place, *count));
    for ((item, place), offset) in items.iter().zip(places).zip(offsets) {
        layers.items[*item].x = place + offset;
    }
}

/// How far the middles of two neighbours are apart.
fn distance(layers: &Layers, left: usize, right: usize, gap: i32) -> f64 {
    f64::from(layers.items[left].width + layers.items[right].width) / 2.0 + f64::from(gap)
}

/// Where an item wants to be, and how much. Bends want to be in line more than anything else.
fn wanted(layers: &Layers, item: usize, down: bool, both: bool) -> (f64, f64) {
    let (above, below) = (&layers.above[item], &layers.below[item]);
    let near = if down { above } else { below };
    let far = if down { below } else { above };
    let all: Vec<usize> = if both { above.iter().chain(below).copied().collect() } else { near.clone() };
    let all = if all.is_empty() { far.clone() } else { all };
    let is_bend = |other: usize| layers.items[other].node.is_none();
    let (mut sum, mut total) = (0.0, 0.0);
    for other in all {
        let weight = match (is_bend(item), is_bend(other)) {
            (true, true) => 8.0,
            (false, false) => 2.0,
            _ => 1.0,
        };
        sum += layers.items[other].x * weight;
        total += weight;
    }
    if total > 0.0 { (sum / total, total) } else { (layers.items[item].x, 0.1) }
}

/// Whole units, nothing left of 0, and the distances kept.
fn snap(layers: &mut Layers, gap: i32) {
    let left = layers.items.iter().map(|item| item.x - f64::from(item.width) / 2.0).fold(f64::MAX, f64::min);
    let shift = if left.is_finite() && left < f64::MAX { left } else { 0.0 };
    for row in layers.rows.clone() {
        let mut edge = f64::MIN;
        for item in row {
            let half = f64::from(layers.items[item].width / 2);
            let rest = f64::from(layers.items[item].width) - half;
            let x = (layers.items[item].x - shift).round().max(half).max(edge + half);
            layers.items[item].x = x;
            edge = x + rest + f64::from(gap);
        }
    }
}

/// Lets each long edge run straight through the layers that it crosses, where there is room: above its end when that
/// fits, below its beginning, or where most of it is.
fn align(layers: &mut Layers, gap: i32) {
    let mut row_of = vec![0; layers.items.len()];
    for row in &layers.rows {
        for (at, item) in row.iter().enumerate() {
            row_of[*item] = at;
        }
    }
    for chain in layers.chains.clone() {
        let [top, bends @ .., bottom] = &chain[..] else { continue };
        if bends.is_empty() {
            continue;
        }
        let (above, below) = (layers.items[*top].x, layers.items[*bottom].x);
        let mut wanted = vec![below, above];
        wanted.extend(bends.iter().map(|bend| layers.items[*bend].x));
        let fits = |x: &f64| bends.iter().all(|bend| has_room(layers, &row_of, *bend, *x, gap));
        let turns = |x: f64| u8::from((x - above).abs() > 0.5) + u8::from((x - below).abs() > 0.5);
        let best = wanted.into_iter().filter(fits).min_by_key(|x| turns(*x));
        if let Some(x) = best {
            for bend in bends {
                layers.items[*bend].x = x;
            }
        }
    }
}

/// Whether an item can stand at `x` between its neighbours.
fn has_room(layers: &Layers, row_of: &[usize], item: usize, x: f64, gap: i32) -> bool {
    let row = &layers.rows[layers.items[item].layer];
    let at = row_of[item];
    let free = |left: usize, left_x: f64, right: usize, right_x: f64| {
        let half = f64::from(layers.items[left].width - layers.items[left].width / 2);
        right_x - f64::from(layers.items[right].width / 2) >= left_x + half + f64::from(gap) / 2.0
    };
    let inside = x >= f64::from(layers.items[item].width / 2);
    let left = at == 0 || free(row[at - 1], layers.items[row[at - 1]].x, item, x);
    let right = row.get(at + 1).is_none_or(|next| free(item, x, *next, layers.items[*next].x));
    inside && left && right
}

/// Puts nodes that stand nearly below another exactly below it, where there is room.
fn nudge(layers: &mut Layers, gap: i32) {
    for row in layers.rows.clone() {
        let mut row_of = vec![0; layers.items.len()];
        for (at, item) in row.iter().enumerate() {
            row_of[*item] = at;
        }
        for item in row {
            if layers.items[item].node.is_none() {
                continue;
            }
            let x = layers.items[item].x;
            let near = layers.above[item].iter().map(|above| layers.items[*above].x);
            let nearest = near.min_by(|left, right| (left - x).abs().total_cmp(&(right - x).abs()));
            let wanted = nearest.filter(|near| (near - x).abs() <= f64::from(gap));
            if let Some(wanted) = wanted.filter(|wanted| has_room(layers, &row_of, item, *wanted, gap)) {
                layers.items[item].x = wanted;
            }
        }
    }
}
