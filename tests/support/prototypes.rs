//! The exported functions, read from `include/bearer.h`. It is generated, so it is regular.

/// A function.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its result's type, `""` for void.
    pub result: String,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
}

/// A parameter.
pub struct Parameter {
    /// Its type, with one space before the asterisks: `const char *`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Every prototype between the braces of `extern "C"`.
pub fn parse(header: &str) -> Vec<Function> {
    let from = header.find("extern \"C\" {").expect("the header has an extern \"C\" block");
    let to = header.rfind("}  // extern \"C\"").expect("the block has an end");
    let mut text = String::new();
    let mut rest = &header[from..to];
    while let Some(begin) = rest.find("/*") {
        text.push_str(&rest[..begin]);
        rest = &rest[begin + rest[begin..].find("*/").expect("a comment has an end") + 2..];
    }
    text.push_str(rest);
    let text = text.lines().skip(1).filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ");
    let prototypes = text.split(';').map(str::trim).filter(|prototype| !prototype.is_empty());
    prototypes.map(|prototype| function(prototype.trim_start_matches("BEARER_MUST_USE").trim())).collect()
}

fn function(prototype: &str) -> Function {
    let (head, parameters) = prototype.split_once('(').expect("a prototype has parameters");
    let (result, name) = split(head);
    let parameters = parameters.trim_end_matches(')').split(',').map(str::trim);
    let parameters = parameters.filter(|parameter| !matches!(*parameter, "" | "void")).map(|parameter| {
        let (kind, name) = split(parameter);
        Parameter { kind, name }
    });
    Function {
        name,
        result: if result == "void" { String::new() } else { result },
        parameters: parameters.collect(),
    }
}

/// `const char *text` to its type and its name.
fn split(declaration: &str) -> (String, String) {
    let words = declaration.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = words.rfind([' ', '*']).expect("a declaration has a type and a name") + 1;
    (words[..at].trim().to_owned(), words[at..].to_owned())
}
