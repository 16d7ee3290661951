//! What templates say, what they refuse, and that nothing that is written into one does harm.

use super::*;
use proptest::prelude::*;

fn variables<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn rendered<const N: usize>(text: &str, pairs: [(&str, &str); N]) -> Result<String, TemplateError> {
    Template::parse(text).unwrap().render(&variables(pairs))
}

fn place(line: usize, column: usize) -> Place {
    Place { line, column }
}

#[test]
fn variables_are_filled_in() {
    for (text, expected) in [
        ("Hello.", "Hello."),
        ("Hello {{ name }}.", "Hello Ann."),
        ("Hello {{name|upper}}.", "Hello ANN."),
        ("{% if name %}Hello {{ name }}{% else %}Hello{% endif %}.", "Hello Ann."),
        ("{% if company %}{{ company }}{% else %}nobody{% endif %}", "nobody"),
        ("{{ company | default(\"our company\") }}", "our company"),
        ("{{ \"{{ name }}\" }}{# not said #}", "{{ name }}"),
        ("{{ \"it's \\\" and }}\" }}{{ '\"' }}", "it's \" and }}\""),
        ("{ 50 % } of {name}", "{ 50 % } of {name}"),
        ("one\ntwo {{ name }}\n", "one\ntwo Ann"),
        ("one\ntwo\n", "one\ntwo"),
        ("<b>{{ name }}</b> & co", "<b>Ann</b> & co"),
    ] {
        assert_eq!(rendered(text, [("name", "Ann")]).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn values_are_not_read_as_templates_and_not_escaped() {
    let value = "{{ other }} <b> & \"{% endif %}\"";
    assert_eq!(rendered("{{ name }}", [("name", value), ("other", "x")]).as_deref(), Ok(value));
}

#[test]
fn a_variable_without_a_value_is_named_with_its_place() {
    for (text, line, column, name) in [
        ("Hello {{ name }}.", 1, 10, "name"),
        ("Hello\n{{ other | default('x') }} and {{ name | upper }}", 2, 42, "name"),
        ("{{ customer.name }}", 1, 4, "customer"),
        ("{% for x in list %}{% endfor %}", 1, 13, "list"),
    ] {
        let error = rendered(text, []).unwrap_err();
        let TemplateError::Undefined { place, name: found } = &error else { panic!("{text}: {error:?}") };
        assert_eq!((place.line, found.as_str()), (line, name), "{text}: {error}");
        assert!(place.column <= column, "{text}: {error}");
    }
    let error = rendered("Hello {{ name }}.", []).unwrap_err();
    assert_eq!(error.to_string(), "1:10: `name` has no value; give it one, or write {{ name | default(\"..\") }}");
}

#[test]
fn what_is_no_template_is_told_with_its_place() {
    for (text, expected) in [
        ("Hello {{ name }.", place(1, 15)),
        ("one\n\n  {{ }}", place(3, 6)),
        ("{% if name %}", place(1, 12)),
        ("{% iff name %}", place(1, 4)),
        ("é {{ name | uper }}", place(1, 13)),
        ("{{ name is lovely }}", place(1, 12)),
        ("{% include 'x' %}", place(1, 4)),
        ("{% macro x() %}{% endmacro %}", place(1, 4)),
        ("{{ '\\u12' }}", place(1, 1)),
        ("{{ name.upper() }}", place(1, 8)),
        ("é {% raw %}{{ name }}{% endraw %}", place(1, 3)),
        ("{{ {'a': {'b': 1}} }}", place(1, 4)),
        ("x{# }} #}{{ {} }}", place(1, 13)),
    ] {
        match Template::parse(text) {
            Err(TemplateError::Syntax { place, problem }) => assert_eq!(place, expected, "{text}: {problem}"),
            Err(other) => panic!("{text}: {other}"),
            Ok(_) => panic!("{text}"),
        }
    }
    assert_eq!(Template::parse(&"x".repeat(Template::MOST + 1)), Err(TemplateError::TooLong { bytes: 65_537 }));
}

#[test]
fn there_are_no_functions_that_tell_more_than_they_should() {
    for text in ["{{ now() }}", "{{ debug() }}"] {
        let error = rendered(text, [("name", "s3cret")]).unwrap_err();
        assert!(matches!(error, TemplateError::Syntax { .. }), "{text}: {error:?}");
        assert!(!error.to_string().contains("s3cret"));
    }
}

#[test]
fn what_a_filter_does_not_take_is_told_without_the_value() {
    let error = rendered("{{ name | int }}", [("name", "s3cret")]).unwrap_err();
    assert!(matches!(error, TemplateError::Failed { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[test]
fn what_would_grow_or_go_on_without_bound_is_stopped() {
    let doubling = "{% set x = 'ha' %}".to_owned() + &"{% set x = x ~ x %}".repeat(40) + "{{ x }}";
    let captured = "{% set x %}ha{% endset %}".to_owned() + &"{% set x %}{{ x }}{{ x }}{% endset %}".repeat(40);
    let filters = "{{ 'a'".to_owned() + &"|replace('a','aaaaaaaaaa')".repeat(30) + " }}";
    let long = format!("{{{{ '{}' | upper }}}}", "x".repeat(60_000));
    let nested = "{% for a in range(1000) %}".repeat(9) + &"{% endfor %}".repeat(9);
    for text in [&doubling, &captured, &filters, &nested, "{{ 'a' * 1000000000 }}", "{{ ''|indent(1000000000) }}"] {
        match rendered(text, []) {
            Ok(made) => assert!(made.len() < 100, "{text}"),
            Err(error) => assert!(matches!(error, TemplateError::TooMuch | TemplateError::Failed { .. }), "{error}"),
        }
    }
    assert!(rendered(&long, []).is_ok());
    let large = "x".repeat(10_000_000);
    assert_eq!(rendered("{{ x }}", [("x", &large)]), Err(TemplateError::TooMuch));
}

#[test]
fn what_nests_deeper_than_a_stack_is_refused() {
    let deep =
        |open: &str, middle: &str, close: &str, n: usize| format!("{}{middle}{}", open.repeat(n), close.repeat(n));
    for text in [
        deep("{% if a %}", "", "{% endif %}", 3_000),
        deep("{% for a in a %}", "", "{% endfor %}", 2_000),
        format!("{{{{ {} }}}}", deep("(", "a", ")", 30_000)),
        format!("{{{{ {} }}}}", deep("[", "", "]", 30_000)),
        format!("{{{{ {} }}}}", deep("-", "1", "", 60_000)),
        format!("{{{{ {} }}}}", deep("not ", "1", "", 15_000)),
        format!("{{{{ {} }}}}", deep("1+", "1", "", 30_000)),
        format!("{{{{ {} }}}}", deep("1~", "1", "", 30_000)),
        format!("{{{{ {} }}}}", deep("1<", "1", "", 30_000)),
        format!("{{{{ {} }}}}", deep("1 and ", "1", "", 10_000)),
        format!("{{{{ {} }}}}", deep("1**", "1", "", 20_000)),
        format!("{{{{ 1{} }}}}", "|d".repeat(30_000)),
        format!("{{{{ a{} }}}}", ".a".repeat(30_000)),
        format!("{{{{ a{} }}}}", "[0]".repeat(20_000)),
        format!("{{{{ a{} }}}}", "()".repeat(30_000)),
        format!("{{{{ {} }}}}", deep("1 if 1 else ", "1", "", 5_000)),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(5_000)),
    ] {
        if let Ok(template) = Template::parse(&text) {
            drop(template.render(&BTreeMap::new()));
            drop(template.variables());
        }
    }
}

#[test]
fn a_template_knows_its_variables_and_whether_it_always_says_the_same() {
    let template = Template::parse("{{ a }} {% if b %}{{ c | default(d) }}{% endif %}").unwrap();
    assert_eq!(template.variables(), ["a", "b", "c", "d"].map(str::to_owned).into());
    assert_eq!(template.fixed(), None);
    assert_eq!(Template::parse("Hello{# nobody #}.").unwrap().fixed().as_deref(), Some("Hello."));
    assert_eq!(Template::parse("Hello.\n").unwrap().fixed().as_deref(), Some("Hello."));
}

#[test]
fn values_cannot_leave_their_place_in_a_url() {
    let url = Template::parse_url("https://crm/{{ id }}?q={{ q }}&x={{ x | safe }}").unwrap();
    let filled = url.render(&variables([("id", "../a b?é"), ("q", "1&y=2#"), ("x", "a=b")])).unwrap();
    assert_eq!(filled, "https://crm/..%2Fa%20b%3F%C3%A9?q=1%26y%3D2%23&x=a=b");
}

/// Pieces of templates, so that more than texts come out.
fn jinja() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,8}",
        "[ a-c(){}\\[\\]|.,:='\"0-9+*/~%<>!-]{0,12}",
        prop::sample::select(vec![
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "{{ a }}",
            "{{ a | d('x') }}",
            "{% if a %}",
            "{% elif b %}",
            "{% else %}",
            "{% endif %}",
            "{% for x in a %}",
            "{% endfor %}",
            "{% set a = a ~ a %}",
            "{% set a %}",
            "{% endset %}",
            "{% raw %}",
            "{% endraw %}",
            "{% with a = b %}",
            "{% endwith %}",
            "{% filter upper %}",
            "{% endfilter %}",
            "{{ a * 1000 }}",
            "{{ range(99) | join(a) }}",
            "{{ a | replace('a', a) }}",
            "\n",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_written_rendering_is_bounded_and_never_panics(text in jinja(), a in "\\PC{0,40}", b in "[{}%# a-z]{0,40}") {
        let bound = usize::try_from(FUEL).unwrap() * 64 + Template::MOST;
        for template in [Template::parse(&text), Template::parse_url(&text).map_err(|fault| fault.error)].into_iter().flatten() {
            let known = variables([("a", &a), ("b", &b)]);
            if let Ok(rendered) = template.render(&known) {
                prop_assert!(rendered.len() <= bound);
            }
            drop((template.render(&BTreeMap::new()), template.fixed()));
        }
    }

    #[test]
    fn a_text_without_variables_is_said_as_it_is(text in "[^{}%#\r\n]{0,200}") {
        prop_assert_eq!(Template::parse(&text).unwrap().render(&BTreeMap::new()), Ok(text));
    }
}
