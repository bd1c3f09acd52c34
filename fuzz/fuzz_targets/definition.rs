//! Any text as the definition of a state machine: it is a machine, or there are errors, each inside the text; what is a
//! machine can be compiled and drawn. No panic, no hang, no memory without bound.

#![no_main]

use ampup::asl::picture::{Progress, as_mermaid, as_svg, as_text};
use ampup::asl::run::Code;
use ampup::asl::{Finding, Type, check, check_json, check_state};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for machine_type in [Type::Standard, Type::Express] {
        let checked = check(text, machine_type);
        let refused = checked.findings.iter().any(Finding::is_error);
        assert_eq!(checked.machine.is_none(), refused, "{:?}", checked.findings);
        for finding in &checked.findings {
            assert!(finding.span.start <= finding.span.end && finding.span.start <= text.len(), "{finding:?}");
            let _ = finding.problem("definition", text);
        }
        let _ = check_json(text, machine_type);
        let _ = check_state(text, "State", machine_type);
        if let Some(machine) = &checked.machine {
            Code::compile(&machine.root).expect("a machine that was checked can be compiled");
            let progress = Progress::new();
            let _ = (as_text(machine, &progress, true), as_svg(machine, &progress, "fuzz"), as_mermaid(machine, &progress));
        }
    }
});
