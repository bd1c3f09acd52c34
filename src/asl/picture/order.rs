//! The order of the items of each layer: few lines cross.

use super::layers::Layers;

/// How often the layers are gone through, and how large a graph may be for that.
const SWEEPS: usize = 16;
const LARGEST: usize = 4_000;

/// Orders the items of each layer by the middle of their neighbours, and keeps the order with the fewest crossings.
pub(super) fn order(layers: &mut Layers) {
    initial(layers);
    if layers.items.len() > LARGEST {
        return;
    }
    let mut best = (crossings(layers), layers.rows.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let down = sweep % 2 == 0;
        let count = layers.rows.len();
        for step in 1..count {
            let row = if down { step } else { count - 1 - step };
            by_neighbours(layers, row, down);
        }
        let found = crossings(layers);
        if found < best.0 {
            best = (found, layers.rows.clone());
        }
    }
    layers.rows = best.1;
}

/// As they are met from the top, so that the order of the definition is kept where nothing speaks against it.
fn initial(layers: &mut Layers) {
    let mut met = vec![usize::MAX; layers.items.len()];
    let mut count = 0;
    for root in 0..layers.items.len() {
        let mut open = vec![root];
        while let Some(item) = open.pop() {
            if met[item] != usize::MAX {
                continue;
            }
            met[item] = count;
            count += 1;
            open.extend(layers.below[item].iter().rev());
        }
    }
    for row in &mut layers.rows {
        row.sort_by_key(|item| met[*item]);
    }
}

fn positions(layers: &Layers) -> Vec<usize> {
    let mut position = vec![0; layers.items.len()];
    for row in &layers.rows {
        for (at, item) in row.iter().enumerate() {
            position[*item] = at;
        }
    }
    position
}

fn by_neighbours(layers: &mut Layers, row: usize, down: bool) {
    let position = positions(layers);
    let neighbours = if down { &layers.above } else { &layers.below };
    let middle = |item: usize| {
        let near = &neighbours[item];
        let sum: usize = near.iter().map(|other| position[*other]).sum();
        // In thousandths, so that whole numbers can be compared; without neighbours an item stays.
        if near.is_empty() { position[item] * 1000 } else { sum * 1000 / near.len() }
    };
    let mut keyed: Vec<(usize, usize)> = layers.rows[row].iter().map(|item| (middle(*item), *item)).collect();
    keyed.sort_by_key(|(key, item)| (*key, position[*item]));
    layers.rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
}

/// How many lines cross between each two layers.
fn crossings(layers: &Layers) -> usize {
    let position = positions(layers);
    let mut total = 0;
    for row in &layers.rows {
        let mut ends: Vec<usize> = Vec::new();
        for item in row {
            let mut below: Vec<usize> = layers.below[*item].iter().map(|to| position[*to]).collect();
            below.sort_unstable();
            for end in &below {
                total += ends.iter().filter(|before| *before > end).count();
            }
            ends.extend(below);
        }
    }
    total
}
