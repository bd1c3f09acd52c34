//! English plurals of type names, as the reference transformer forms them.
//!
//! A table of endings, tried in order; the first that fits wins. It knows English nouns, not the meaning of names.

/// Words that have no other plural.
const SAME: &[&str] = &[
    "adulthood",
    "advice",
    "agenda",
    "aid",
    "aircraft",
    "alcohol",
    "ammo",
    "analytics",
    "anime",
    "athletics",
    "audio",
    "bison",
    "blood",
    "bream",
    "buffalo",
    "butter",
    "carp",
    "cash",
    "chassis",
    "chess",
    "clothing",
    "cod",
    "commerce",
    "cooperation",
    "corps",
    "debris",
    "diabetes",
    "digestion",
    "elk",
    "energy",
    "equipment",
    "excretion",
    "expertise",
    "firmware",
    "flounder",
    "fun",
    "gallows",
    "garbage",
    "graffiti",
    "hardware",
    "headquarters",
    "health",
    "herpes",
    "highjinks",
    "homework",
    "housework",
    "information",
    "jeans",
    "justice",
    "kudos",
    "labour",
    "literature",
    "machinery",
    "mackerel",
    "mail",
    "manga",
    "media",
    "mews",
    "moose",
    "mud",
    "music",
    "news",
    "only",
    "personnel",
    "pike",
    "plankton",
    "pliers",
    "police",
    "pollution",
    "premises",
    "rain",
    "research",
    "rice",
    "salmon",
    "scissors",
    "series",
    "sewage",
    "shambles",
    "shrimp",
    "software",
    "staff",
    "swine",
    "tennis",
    "traffic",
    "transportation",
    "trout",
    "tuna",
    "wealth",
    "welfare",
    "whiting",
    "wildebeest",
    "wildlife",
    "you",
];

/// Words whose plural follows no rule.
const IRREGULAR: &[(&str, &str)] = &[
    ("i", "we"),
    ("me", "us"),
    ("he", "they"),
    ("she", "they"),
    ("them", "them"),
    ("myself", "ourselves"),
    ("yourself", "yourselves"),
    ("itself", "themselves"),
    ("herself", "themselves"),
    ("himself", "themselves"),
    ("themself", "themselves"),
    ("is", "are"),
    ("was", "were"),
    ("has", "have"),
    ("this", "these"),
    ("that", "those"),
    ("echo", "echoes"),
    ("dingo", "dingoes"),
    ("volcano", "volcanoes"),
    ("tornado", "tornadoes"),
    ("torpedo", "torpedoes"),
    ("genus", "genera"),
    ("viscus", "viscera"),
    ("stigma", "stigmata"),
    ("stoma", "stomata"),
    ("dogma", "dogmata"),
    ("lemma", "lemmata"),
    ("schema", "schemata"),
    ("anathema", "anathemata"),
    ("ox", "oxen"),
    ("axe", "axes"),
    ("die", "dice"),
    ("yes", "yeses"),
    ("foot", "feet"),
    ("eave", "eaves"),
    ("goose", "geese"),
    ("tooth", "teeth"),
    ("quiz", "quizzes"),
    ("human", "humans"),
    ("proof", "proofs"),
    ("carve", "carves"),
    ("valve", "valves"),
    ("looey", "looies"),
    ("thief", "thieves"),
    ("groove", "grooves"),
    ("pickaxe", "pickaxes"),
    ("passerby", "passersby"),
    ("thou", "you"),
    ("mouse", "mice"),
    ("mice", "mice"),
    ("titmouse", "titmice"),
    ("titmice", "titmice"),
    ("louse", "lice"),
    ("lice", "lice"),
];

/// One rule: a stem that stays, an ending that goes, and what comes instead. Capital letters in a stem are classes
/// of letters, see [`fits`].
struct Ending {
    stems: &'static [&'static str],
    endings: &'static [&'static str],
    becomes: &'static str,
}

const fn ending(stems: &'static [&'static str], endings: &'static [&'static str], becomes: &'static str) -> Ending {
    Ending { stems, endings, becomes }
}

/// In the order in which they are tried.
const ENDINGS: &[Ending] = &[
    ending(&["sheep", "pox", "ois", "ous", "measles", "fish", "deer", "Cese", "pokemon"], &[""], ""),
    ending(&["m"], &["an", "en"], "en"),
    ending(&["eaux"], &[""], ""),
    ending(&["child"], &["", "ren"], "ren"),
    ending(&["pe"], &["rson", "ople"], "ople"),
    ending(&["matr", "cod", "mur", "sil", "vert", "ind", "append"], &["ix", "ex"], "ices"),
    ending(&["x", "ch", "ss", "sh", "zz"], &[""], "es"),
    ending(&["Hil", "Hin", "Hel", "Hen", "Hol", "Hon"], &["ey"], "ies"),
    ending(&["Y", "qu"], &["y"], "ies"),
    ending(&["kni", "wi", "li"], &["fe"], "ves"),
    ending(&["ar", "l", "ea", "eo", "oa", "hoo"], &["f"], "ves"),
    ending(&[""], &["sis"], "ses"),
    ending(
        &[
            "apheli",
            "hyperbat",
            "periheli",
            "asyndet",
            "noumen",
            "phenomen",
            "criteri",
            "organ",
            "prolegomen",
            "hedr",
            "automat",
        ],
        &["a", "on"],
        "a",
    ),
    ending(
        &[
            "agend",
            "addend",
            "millenni",
            "dat",
            "extrem",
            "bacteri",
            "desiderat",
            "strat",
            "candelabr",
            "errat",
            "ov",
            "symposi",
            "curricul",
            "automat",
            "quor",
        ],
        &["a", "um"],
        "a",
    ),
    ending(&["her", "at", "gr"], &["o"], "oes"),
    ending(&["seraph", "cherub"], &["", "im"], "im"),
    ending(&["alumn", "alg", "vertebr"], &["a", "ae"], "ae"),
    ending(
        &[
            "alumn", "syllab", "vir", "radi", "nucle", "fung", "cact", "stimul", "termin", "bacill", "foc", "uter",
            "loc", "strat",
        ],
        &["us", "i"],
        "i",
    ),
    ending(&["Lias", "Vlas", "eas", "jas", "zas", "ras", "iam", "uam"], &[""], ""),
    ending(&["emu", "enu"], &["", "s"], "s"),
    ending(&["alias", "Aus", "tlas", "tmas", "gas", "ris"], &[""], "es"),
    ending(&["ax", "test"], &["is"], "es"),
    ending(&[""], &["s"], "s"),
];

/// The plural of a word, in the case in which the word is written.
pub(in crate::category::api) fn plural(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if word.is_empty() || SAME.contains(&lower.as_str()) {
        return word.to_owned();
    }
    if IRREGULAR.iter().any(|(_, many)| *many == lower) {
        return in_case_of(word, &lower);
    }
    if let Some((_, many)) = IRREGULAR.iter().find(|(one, _)| *one == lower) {
        return in_case_of(word, many);
    }
    for rule in ENDINGS {
        if let Some((matched, kept)) = longest(rule, &lower) {
            let start = word.len() - matched;
            let replacement = format!("{}{}", &word[start..start + kept], rule.becomes);
            let (head, tail) = word.split_at(start);
            return format!("{head}{}", in_case_of(tail, &replacement));
        }
    }
    let last = word.chars().last().map(String::from).unwrap_or_default();
    format!("{word}{}", in_case_of(&last, "s"))
}

/// Length of the longest match at the end of a word, and of the stem in it.
fn longest(rule: &Ending, lower: &str) -> Option<(usize, usize)> {
    let mut best = None;
    for stem in rule.stems {
        for ending in rule.endings {
            let Some(rest) = lower.strip_suffix(ending) else { continue };
            let length = stem.len() + ending.len();
            if fits(stem, rest) && best.is_none_or(|(longest, _)| length > longest) {
                best = Some((length, stem.len()));
            }
        }
    }
    best
}

/// Whether a word ends with a stem. Capital letters in a stem are classes of letters.
fn fits(stem: &str, word: &str) -> bool {
    let Some(start) = word.len().checked_sub(stem.len()) else { return false };
    stem.bytes().zip(word.bytes().skip(start)).all(|(pattern, letter)| match pattern {
        b'A' => !b"aou".contains(&letter),
        b'C' => !b"aeiou".contains(&letter),
        b'H' => !b"ch".contains(&letter),
        b'L' => letter != b'l',
        b'V' => b"aeiou".contains(&letter),
        b'Y' => !b"aeiouy".contains(&letter),
        other => other == letter,
    })
}

/// `token` written as `model` is: small, LARGE, Title.
fn in_case_of(model: &str, token: &str) -> String {
    if model == token {
        return token.to_owned();
    }
    let lower = token.to_ascii_lowercase();
    if model == model.to_ascii_lowercase() {
        return lower;
    }
    if model == model.to_ascii_uppercase() {
        return token.to_ascii_uppercase();
    }
    if model.starts_with(|letter: char| letter.is_ascii_uppercase()) { super::names::upper(&lower) } else { lower }
}
