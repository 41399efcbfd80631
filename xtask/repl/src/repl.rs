//! The sessions of one user, and what can be done with them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use python_runtime::{Function, PythonRuntime, PythonSession, PythonSource, Snapshot, Stream};

use crate::cell::{self, Ran};
use crate::command::{self, Command, HELP};
use crate::input::Part;
use crate::screen::Screen;

/// How many cells can be taken back. Each keeps what a session took before it.
const UNDO: usize = 20;

/// The session that there is at first.
const MAIN: &str = "main";

/// As Python's own interpreter decides whether a block goes on. What is several statements (pasted,
/// or from the history) is no block, and what is wrong is complete: Python will say why.
const IS_COMPLETE: &str = "\
import ast, codeop

def is_complete(source):
    for symbol in ('single', 'exec'):
        compiler = codeop.CommandCompiler()
        compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            return compiler(source, '<cell>', symbol) is not None
        except (SyntaxError, ValueError, OverflowError):
            pass
    return True
";

pub(crate) struct Repl {
    runtime: PythonRuntime,
    is_complete: Function,
    name: String,
    current: Undoable,
    others: BTreeMap<String, Undoable>,
    screen: Screen,
}

/// A session, and what it was before its last cells.
struct Undoable {
    session: PythonSession,
    before: VecDeque<PythonSession>,
}

/// What comes after a part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next one.
    Goes,
    /// Nothing, unless a person types.
    Failed,
    /// Nothing. The program ends with this status.
    Ends(u8),
}

impl Next {
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Goes => ExitCode::SUCCESS,
            Self::Failed => ExitCode::FAILURE,
            Self::Ends(status) => status.into(),
        }
    }
}

impl Repl {
    pub(crate) async fn new(runtime: PythonRuntime) -> Result<Self> {
        let is_complete = PythonSource::def("is_complete", IS_COMPLETE);
        Ok(Self {
            is_complete: runtime.function(is_complete).await?,
            name: MAIN.to_owned(),
            current: Undoable::new(runtime.session().await?),
            others: BTreeMap::new(),
            screen: Screen::new(),
            runtime,
        })
    }

    pub(crate) fn prompt(&self) -> String {
        match self.name.as_str() {
            MAIN => ">>> ".to_owned(),
            name => format!("{name}>>> "),
        }
    }

    /// Whether `source` is all of a cell.
    pub(crate) async fn is_complete(&self, source: &str) -> bool {
        self.is_complete.call(source).await.unwrap_or(true)
    }

    pub(crate) async fn take(&mut self, part: &Part) -> Result<Next> {
        match part {
            Part::Cell(source) => self.run(source, true).await,
            Part::Command(line) => match command::parse(line) {
                Ok(command) => self.obey(command).await,
                Err(problem) => bail!(problem),
            },
        }
    }

    async fn run(&mut self, source: &str, shows_value: bool) -> Result<Next> {
        let session = &self.current.session;
        // None where sessions can't be forked.
        let before = session.fork().ok();
        let ran = cell::run(session, source, shows_value, &mut self.screen).await?;
        self.screen.begin_line()?;
        if ran != Ran::Stopped {
            self.current.remember(before);
        }
        Ok(match ran {
            Ran::Well => Next::Goes,
            Ran::Raised | Ran::Stopped => Next::Failed,
            Ran::Exits(status) => Next::Ends(status),
        })
    }

    async fn obey(&mut self, command: Command) -> Result<Next> {
        match command {
            Command::Fork(name) => self.fork(name)?,
            Command::Switch(name) => self.switch(name)?,
            Command::Sessions => self.list()?,
            Command::Undo => match self.current.before.pop_back() {
                Some(before) => self.current.session = before,
                None => bail!("there is no cell to take back"),
            },
            Command::Reset => {
                let before = self.current.session.fork().ok();
                self.current.session.reset().await;
                self.current.remember(before);
            }
            Command::Save(file) => self.save(&file).await?,
            Command::Load(file) => return self.load(&file).await,
            Command::Size => {
                let size = size(&self.current.session);
                self.screen.lines(Stream::Stdout, &size)?;
            }
            Command::Help => self.screen.lines(Stream::Stdout, HELP)?,
            Command::Quit => return Ok(Next::Ends(0)),
        }
        Ok(Next::Goes)
    }

    fn fork(&mut self, name: String) -> Result<()> {
        if name == self.name || self.others.contains_key(&name) {
            bail!("there is a session {name} already; :switch {name} goes there");
        }
        let fork = Undoable {
            session: self.current.session.fork()?,
            before: self
                .current
                .before
                .iter()
                .filter_map(|before| before.fork().ok())
                .collect(),
        };
        self.go(name, fork);
        Ok(())
    }

    fn switch(&mut self, name: String) -> Result<()> {
        if name != self.name {
            let Some(session) = self.others.remove(&name) else {
                bail!("there is no session {name}; :sessions lists them");
            };
            self.go(name, session);
        }
        Ok(())
    }

    fn go(&mut self, name: String, session: Undoable) {
        let left = std::mem::replace(&mut self.current, session);
        let name = std::mem::replace(&mut self.name, name);
        self.others.insert(name, left);
    }

    fn list(&mut self) -> Result<()> {
        let others = self
            .others
            .iter()
            .map(|(name, session)| (name, session, ' '));
        let mut all: Vec<_> = others.chain([(&self.name, &self.current, '*')]).collect();
        all.sort_by_key(|(name, ..)| *name);
        let width = all
            .iter()
            .map(|(name, ..)| name.chars().count())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (name, session, mark) in all {
            let size = size(&session.session);
            writeln!(text, "{mark} {name:width$}  {size}")?;
        }
        self.screen.lines(Stream::Stdout, text.trim_end())?;
        Ok(())
    }

    async fn save(&self, file: &Path) -> Result<()> {
        let snapshot = self.current.session.snapshot().await?;
        let written = std::fs::write(file, snapshot.as_bytes());
        written.with_context(|| format!("writing {}", file.display()))
    }

    /// Runs a file of Python, or goes on with a session that was saved.
    pub(crate) async fn load(&mut self, file: &Path) -> Result<Next> {
        let reading = || format!("reading {}", file.display());
        if file.extension().is_some_and(|extension| extension == "py") {
            let source = std::fs::read_to_string(file).with_context(reading)?;
            return self.run(&source, false).await;
        }
        let bytes = std::fs::read(file).with_context(reading)?;
        let snapshot = Snapshot::from_bytes(bytes).with_context(reading)?;
        let session = self
            .runtime
            .restore_session(&snapshot)
            .await
            .with_context(reading)?;
        let before = std::mem::replace(&mut self.current.session, session);
        self.current.remember(Some(before));
        Ok(Next::Goes)
    }
}

impl Undoable {
    fn new(session: PythonSession) -> Self {
        Self {
            session,
            before: VecDeque::new(),
        }
    }

    fn remember(&mut self, before: Option<PythonSession>) {
        self.before.extend(before);
        if self.before.len() > UNDO {
            self.before.pop_front();
        }
    }
}

/// What a session takes, in words.
fn size(session: &PythonSession) -> String {
    match session.size() {
        Some(size) => format!("{} KiB", size.bytes >> 10),
        None => "an interpreter: those of this machine can't be reset".to_owned(),
    }
}
