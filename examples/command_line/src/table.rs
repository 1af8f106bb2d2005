//! Results as lines of a key, a value and its meaning, printed as JSON or as a table.

use serde_json::{Map, Value};

use crate::say;

/// One line, or several under one key.
#[derive(Debug)]
pub struct Line {
    key: &'static str,
    value: Value,
    meaning: &'static str,
    shown: Shown,
    parts: Vec<Line>,
}

/// What the table shows of a line.
#[derive(Debug)]
enum Shown {
    Value,
    /// This text, on a line of its own.
    Text(String),
    Nothing,
}

/// Returns a line. An absent value, `null`, is left out of JSON and of the table.
pub fn line(key: &'static str, value: impl Into<Value>, meaning: &'static str) -> Line {
    Line { key, value: value.into(), meaning, shown: Shown::Value, parts: Vec::new() }
}

/// Returns several lines under one key, which are an object in JSON.
pub fn group(key: &'static str, parts: Vec<Line>, meaning: &'static str) -> Line {
    Line { parts, ..line(key, Value::Null, meaning) }
}

impl Line {
    /// Returns the line with this text in the table in place of its value.
    pub fn shown(self, text: String) -> Self {
        Self { shown: Shown::Text(text), ..self }
    }

    /// Returns the line for JSON alone.
    pub fn hidden(self) -> Self {
        Self { shown: Shown::Nothing, ..self }
    }

    fn json(&self) -> Option<Value> {
        if self.parts.is_empty() {
            return Some(self.value.clone()).filter(|value| !value.is_null());
        }
        Some(object(&self.parts))
    }

    fn print(&self, indent: usize) {
        let key = format!("{:indent$}{}", "", self.key);
        let own_line = |text: &str| say!("{key:<38}  {}\n{:indent$}  {text}", self.meaning, "");
        match &self.shown {
            Shown::Nothing => {}
            Shown::Text(text) => own_line(text),
            Shown::Value if !self.parts.is_empty() => {
                say!("{key:<38}  {}", self.meaning);
                self.parts.iter().for_each(|part| part.print(indent + 2));
            }
            Shown::Value if self.value.is_null() => {}
            Shown::Value => match text(&self.value) {
                text if text.chars().count() > WIDTH => own_line(&text),
                text => say!("{key:<24}{text:>WIDTH$}  {}", self.meaning),
            },
        }
    }
}

/// Width of the column of values.
const WIDTH: usize = 14;

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

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn numbers_have_six_digits_without_trailing_zeros() {
        for (value, text) in [
            (0.0, "0"),
            (-0.1, "-0.1"),
            (0.05, "0.05"),
            (1.0, "1"),
            (120.0, "120"),
            (123_456.7, "123457"),
            (999_999.5, "1000000"),
            (1_234_567.0, "1.23457e6"),
            (0.000_123_456_78, "0.000123457"),
            (1e-5, "1.00000e-5"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}
