//! Which members of its context a handler may look at.
//!
//! Most look at two or three. The others need not be written, read by the engine and made into objects, which costs more
//! than the handler itself. The answer is "any of them" whenever the tokens leave a doubt.

use std::collections::BTreeSet;

use super::scan::{Kind, Token};
use super::through::is_name;

/// Members of a context; none means that each may be looked at.
pub(in crate::cloud::appsync) type Looks = Option<BTreeSet<String>>;

/// What the exported function `handler` may look at.
pub(super) fn looks(tokens: &[Token<'_>], handler: &str) -> Looks {
    let mut seen = Seen { tokens, visited: BTreeSet::new(), members: BTreeSet::new() };
    seen.function(handler).then_some(seen.members)
}

struct Seen<'a> {
    tokens: &'a [Token<'a>],
    visited: BTreeSet<&'a str>,
    members: BTreeSet<String>,
}

impl Seen<'_> {
    /// Gathers what a function does with its first parameter; false when that cannot be told.
    fn function(&mut self, name: &str) -> bool {
        let tokens = self.tokens;
        let Some(declared) = self.declaration(name) else { return false };
        let (Some(parameter), Some(after)) = (tokens.get(declared + 2), tokens.get(declared + 3)) else { return false };
        if parameter.is(")") {
            return true;
        }
        if parameter.kind != Kind::Word || !(after.is(")") || after.is(",")) {
            return false;
        }
        if !self.visited.insert(tokens[declared].text) {
            return true;
        }
        let Some(open) = (declared..tokens.len()).find(|&at| tokens[at].is("{")) else { return false };
        let Some(close) = (open..tokens.len()).find(|&at| tokens[at].is("}") && tokens[at].depth == tokens[open].depth)
        else {
            return false;
        };
        let (parameter, last) = (parameter.text, declared + 3);
        (last..close).all(|at| {
            let mentions = is_name(tokens, at, parameter);
            !is_name(tokens, at, "arguments") && (!mentions || self.member(at) || self.handed_on(at))
        })
    }

    /// Where the name of a function stands in its only declaration, if the name is only called besides.
    fn declaration(&self, name: &str) -> Option<usize> {
        let tokens = self.tokens;
        let declared = |at: &usize| *at > 0 && tokens[at - 1].is("function") && tokens[*at].depth == 0;
        let named: Vec<usize> = (0..tokens.len()).filter(|&at| is_name(tokens, at, name)).collect();
        let first = *named.iter().find(|at| declared(at))?;
        let called = |at: &usize| {
            let opens = tokens.get(at + 1).is_some_and(|next| next.is("("));
            opens && (*at == first || *at == 0 || !tokens[at - 1].is("function"))
        };
        named.iter().all(called).then_some(first)
    }

    /// `context.member`
    fn member(&mut self, at: usize) -> bool {
        match self.tokens.get(at + 1..at + 3) {
            Some([dot, member]) if (dot.is(".") || dot.is("?.")) && member.kind == Kind::Word => {
                self.members.insert(member.text.to_owned());
                true
            }
            _ => false,
        }
    }

    /// `function(context)` or `function(context, …)`, to a function of the same module.
    fn handed_on(&mut self, at: usize) -> bool {
        let tokens = self.tokens;
        let ends = tokens.get(at + 1).is_some_and(|next| next.is(")") || next.is(","));
        let [Some(callee), Some(open)] = [at.checked_sub(2), at.checked_sub(1)] else { return false };
        let plain = tokens[callee].kind == Kind::Word && is_name(tokens, callee, tokens[callee].text);
        ends && tokens[open].is("(") && plain && self.function(tokens[callee].text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::looks;

    #[test]
    fn a_handler_is_given_what_it_may_look_at() {
        let any = None;
        let cases = [
            ("return { id: ctx.args.id };", Some("args")),
            ("if (!owns(ctx)) { util.unauthorized(); } return ctx.prev?.result;", Some("identity prev")),
            ("if (!owns(ctx, 1)) { return null; } return ctx.stash.a;", Some("identity stash")),
            ("return `${ctx.arguments.id}`;", Some("arguments")),
            ("return null;", Some("")),
            ("return JSON.stringify(ctx);", any),
            ("return other(1, ctx);", any),
            ("return absent(ctx);", any),
            ("const { identity } = ctx; return identity;", any),
            ("return ctx['identity'];", any),
            ("return { ctx };", any),
            ("return [1].map((ctx) => ctx.a);", any),
            ("return arguments[0].identity;", any),
            ("const f = owns; return f(ctx);", any),
            ("return util.toJson(ctx);", any),
            ("return through(ctx);", any),
        ];
        for (body, expected) in cases {
            let code = format!(
                "export function request(ctx) {{ {body} }}\nfunction owns(c) {{ return c.identity.sub === 'a' && again(c); }}\n\
                 function again(c) {{ return owns(c); }}\nfunction through(c) {{ return JSON.stringify(c); }}\n\
                 function other(a, c) {{ return c.identity; }}"
            );
            let found = looks(&scan(&code).unwrap(), "request");
            let found = found.map(|members| members.into_iter().collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), expected, "{body}");
        }
        let constant = "export const request = (ctx) => { return ctx.args; };";
        assert_eq!(looks(&scan(constant).unwrap(), "request"), None);
        let twice = "export function request(ctx) { return f(ctx); } function f(c) { return c.a; } f = g;";
        assert_eq!(looks(&scan(twice).unwrap(), "request"), None);
    }
}
