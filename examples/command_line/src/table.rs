//! Results as lines of a key, a value and its meaning, printed as JSON or as a table.

use serde_json::{Map, Value};

use crate::say;

/// One line, or several under one key.
#[derive(Debug)]
pub struct Line {
    key: &'static str,
    value: Value,
    meaning: &'static str,
    /// The text of the table where it is not that of the value.
    shown: Option<String>,
    parts: Vec<Line>,
}

/// Returns a line. An absent value, `null`, is left out of JSON and of the table.
pub fn line(key: &'static str, value: impl Into<Value>, meaning: &'static str) -> Line {
    Line { key, value: value.into(), meaning, shown: None, parts: Vec::new() }
}

/// Returns several lines under one key, which are an object in JSON.
pub fn group(key: &'static str, parts: Vec<Line>, meaning: &'static str) -> Line {
    Line { parts, ..line(key, Value::Null, meaning) }
}

impl Line {
    /// Returns the line with this text in the table in place of its value; an empty text leaves it
    /// out of the table.
    pub fn shown(self, text: String) -> Self {
        Self { shown: Some(text), ..self }
    }

    fn json(&self) -> Option<Value> {
        if self.parts.is_empty() {
            return Some(self.value.clone()).filter(|value| !value.is_null());
        }
        Some(object(&self.parts))
    }

    fn print(&self, indent: usize) {
        let key = format!("{:indent$}{}", "", self.key);
        match &self.shown {
            Some(text) if text.is_empty() => {}
            Some(text) => say!("{key:<38}  {}\n{:indent$}  {text}", self.meaning, ""),
            None if !self.parts.is_empty() => {
                say!("{key:<38}  {}", self.meaning);
                self.parts.iter().for_each(|part| part.print(indent + 2));
            }
            None if self.value.is_null() => {}
            None => say!("{key:<24}{:>14}  {}", text(&self.value), self.meaning),
        }
    }
}

/// Prints the lines as one JSON object or as a table.
pub fn print(json: bool, lines: &[Line]) {
    if json {
        say!("{}", object(lines));
    } else {
        lines.iter().for_each(|line| line.print(0));
    }
}

fn object(lines: &[Line]) -> Value {
    let entry = |line: &Line| Some((line.key.to_owned(), line.json()?));
    Value::Object(lines.iter().filter_map(entry).collect::<Map<_, _>>())
}

/// Returns a number with six significant digits; JSON has all of them.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(String::new(), significant),
        other => other.to_string(),
    }
}

fn significant(value: f64) -> String {
    let order = value.abs().log10().floor();
    match order {
        _ if value == 0.0 => "0".to_owned(),
        -4.0..=5.0 => {
            let text = format!("{value:.*}", (5.0 - order) as usize);
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
        _ => format!("{value:.5e}"),
    }
}
