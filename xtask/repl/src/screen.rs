//! What the user gets to see.

use std::io::{self, IsTerminal, Write};

use python_runtime::{Stream, printable};

/// Stdout and stderr. What a guest writes does nothing to a terminal.
pub(crate) struct Screen {
    is_terminal: [bool; 2],
    /// Whether something stands in the terminal's last line already.
    in_line: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: [io::stdout().is_terminal(), io::stderr().is_terminal()],
            in_line: false,
        }
    }

    /// Writes a text as it is; for a terminal, with its control characters escaped.
    pub(crate) fn write(&mut self, stream: Stream, text: &str) -> io::Result<()> {
        let [stdout, stderr] = self.is_terminal;
        let (is_terminal, mut to): (_, Box<dyn Write>) = match stream {
            Stream::Stdout => (stdout, Box::new(io::stdout())),
            Stream::Stderr => (stderr, Box::new(io::stderr())),
        };
        if is_terminal {
            write!(to, "{}", printable(text).lines().limit(usize::MAX))?;
            self.in_line = !text.ends_with('\n');
        } else {
            to.write_all(text.as_bytes())?;
        }
        to.flush()
    }

    /// Writes a text as lines of its own.
    pub(crate) fn lines(&mut self, stream: Stream, text: &str) -> io::Result<()> {
        self.begin_line()?;
        self.write(stream, text)?;
        self.write(stream, "\n")
    }

    /// The terminal has echoed a key.
    pub(crate) fn echoed(&mut self) {
        self.in_line = self.is_terminal.contains(&true);
    }

    /// Ends a line that has been begun on a terminal.
    pub(crate) fn begin_line(&mut self) -> io::Result<()> {
        if self.in_line {
            self.in_line = false;
            let [is_stdout, _] = self.is_terminal;
            match is_stdout {
                true => writeln!(io::stdout())?,
                false => writeln!(io::stderr())?,
            }
        }
        Ok(())
    }
}
