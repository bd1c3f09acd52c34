//! Whether a response handler hands on what the data source gave without looking at it.
//!
//! Most do, after a look at `ctx.error`. Their result need not go into the engine and come out again: for a page of a
//! hundred items that is most of what the request costs. The answer is "no" whenever the tokens leave a doubt.

use super::scan::{Kind, Token};

/// Whether the only use that `response` makes of the data source's result is `return ctx.result`.
pub(super) fn hands_through(tokens: &[Token<'_>]) -> bool {
    let named: Vec<usize> = (0..tokens.len()).filter(|&index| is_name(tokens, index, "response")).collect();
    // Declared once and never mentioned again, so that it is this function that is called.
    let [name] = named[..] else { return false };
    let Some([function, _, open, context, close, brace]) = tokens.get(name.wrapping_sub(1)..name + 5) else {
        return false;
    };
    let declared = function.is("function") && function.depth == 0 && open.is("(") && close.is(")") && brace.is("{");
    if !declared || context.kind != Kind::Word {
        return false;
    }
    let body = name + 5;
    let end = (body..tokens.len()).find(|&index| tokens[index].is("}") && tokens[index].depth == brace.depth);
    let Some(end) = end else { return false };
    let mut handed = false;
    for index in body..end {
        if is_name(tokens, index, "arguments") {
            return false;
        }
        if !is_name(tokens, index, context.text) {
            continue;
        }
        match tokens.get(index + 1..index + 3) {
            Some([dot, member]) if dot.is(".") && member.is("result") => {
                let returned = tokens[index - 1].is("return");
                let ends = tokens.get(index + 3).is_some_and(|next| next.is(";") || next.is("}"));
                if !returned || !ends {
                    return false;
                }
                handed = true;
            }
            Some([dot, member]) if dot.is(".") && member.kind == Kind::Word => {}
            _ => return false,
        }
    }
    handed
}

/// A word that stands for a variable, and is no property's name.
pub(super) fn is_name(tokens: &[Token<'_>], index: usize, text: &str) -> bool {
    let token = &tokens[index];
    let property = index > 0 && (tokens[index - 1].is(".") || tokens[index - 1].is("?."));
    token.kind == Kind::Word && token.text == text && !property
}

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::hands_through;

    #[test]
    fn only_what_never_looks_at_the_result_hands_it_through() {
        let cases = [
            ("return ctx.result;", true),
            ("if (ctx.error) { util.error(ctx.error.message, ctx.error.type); } return ctx.result;", true),
            ("if (ctx.stash.empty) { return null; } return ctx.result }", true),
            ("return ctx.result.items;", false),
            ("return { ...ctx.result };", false),
            ("ctx.result.seen = true; return ctx.result;", false),
            ("const result = ctx.result; return result;", false),
            ("const { result } = ctx; return result;", false),
            ("change(ctx); return ctx.result;", false),
            ("ctx['result'].seen = true; return ctx.result;", false),
            ("arguments[0].result.seen = true; return ctx.result;", false),
            ("ctx.result = {}; return ctx.result;", false),
            ("return ctx.result ?? [];", false),
            ("return [1].map(() => ctx.result)[0];", false),
            ("return ctx.prev.result;", false),
            ("return null;", false),
        ];
        for (body, expected) in cases {
            let code = format!(
                "export function request(ctx) {{ return {{}}; }}\nexport function response(ctx) {{ {body} }}\n"
            );
            assert_eq!(hands_through(&scan(&code).unwrap()), expected, "{body}");
        }
        let replaced = "export function response(ctx) { return ctx.result; }\nresponse = other;";
        assert!(!hands_through(&scan(replaced).unwrap()));
        let constant = "export const response = (ctx) => { return ctx.result; };";
        assert!(!hands_through(&scan(constant).unwrap()));
    }
}
