//! What the user types: cells and commands.

use std::path::PathBuf;

use anyhow::Result;
use rustyline::DefaultEditor;
use rustyline::config::Config;
use rustyline::error::ReadlineError;

/// A part of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Source, of one line or several.
    Cell(String),
    /// A line that begins with a colon.
    Command(String),
}

fn is_command(line: &str) -> bool {
    // No line of Python begins so.
    line.starts_with(':')
}

/// The parts of a text that nobody types: what is between commands is one cell.
pub(crate) fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for line in text.split_inclusive('\n') {
        match (parts.last_mut(), line) {
            (_, line) if is_command(line) => parts.push(Part::Command(line.trim().into())),
            (Some(Part::Cell(cell)), line) => *cell += line,
            (_, line) => parts.push(Part::Cell(line.into())),
        }
    }
    parts.retain(|part| !matches!(part, Part::Cell(cell) if cell.trim().is_empty()));
    parts
}

/// A terminal, on which a line can be edited before it is sent.
pub(crate) struct Terminal {
    editor: DefaultEditor,
    /// Where what was typed is kept for the next time, if it can be.
    history: Option<PathBuf>,
}

impl Terminal {
    pub(crate) fn open() -> Result<Self> {
        let mut editor = DefaultEditor::with_config(Config::builder().build())?;
        let history = history();
        if let Some(file) = &history {
            // There is none before the first time.
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    /// The next part; `None` at the end of the input. A cell goes on until it `is_complete`.
    pub(crate) fn read(
        &mut self,
        prompt: &str,
        is_complete: impl Fn(&str) -> bool,
    ) -> Result<Option<Part>> {
        let more = format!("{:.<1$} ", "", prompt.trim_end().len());
        let mut text = String::new();
        loop {
            let is_first = text.is_empty();
            match self.editor.readline(if is_first { prompt } else { &more }) {
                Ok(line) => text += &line,
                Err(ReadlineError::Eof) => return Ok(None),
                Err(ReadlineError::Interrupted) => {
                    text.clear();
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            if text.trim().is_empty() {
                text.clear();
            } else if is_first && is_command(text.trim_start()) {
                self.keep(text.trim());
                return Ok(Some(Part::Command(text.trim().to_owned())));
            } else if is_complete(&text) {
                self.keep(text.trim_end());
                return Ok(Some(Part::Cell(text)));
            } else {
                text.push('\n');
            }
        }
    }

    fn keep(&mut self, text: &str) {
        let kept = self.editor.add_history_entry(text);
        let (Ok(true), Some(file)) = (kept, &self.history) else {
            return;
        };
        if let Err(error) = self.editor.append_history(file) {
            eprintln!("what is typed is not kept in {}: {error}", file.display());
            self.history = None;
        }
    }
}

/// The file of what was typed, in the user's folder for data.
fn history() -> Option<PathBuf> {
    let folder = dirs::data_dir()?.join("wit-wire");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("repl-history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_divide_a_text_into_cells() {
        let cell = |text: &str| Part::Cell(text.into());
        let command = |text: &str| Part::Command(text.into());
        for (text, expected) in [
            ("", vec![]),
            ("\n\n", vec![]),
            ("a\n\nb", vec![cell("a\n\nb")]),
            (
                "a\n:fork b \n\n:undo\nif c:\n    :d\n",
                vec![
                    cell("a\n"),
                    command(":fork b"),
                    command(":undo"),
                    cell("if c:\n    :d\n"),
                ],
            ),
        ] {
            assert_eq!(parts(text), expected, "{text:?}");
        }
    }
}
