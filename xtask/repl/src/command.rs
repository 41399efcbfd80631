//! What begins with a colon.

use std::path::PathBuf;

pub(crate) const HELP: &str = "\
:fork NAME    copy the session, and go on in the copy
:switch NAME  go on in another session
:sessions     list the sessions
:undo         go back to before the last cell; may be repeated
:reset        go back to how the session began
:save FILE    write the session to a file
:load FILE    run a file of Python, whose name ends in .py, or go on with a session that was saved
:size         show what the session takes
:help         show this
:quit         end, as Ctrl-D does

Ctrl-C ends a cell that runs. An empty line ends a block.";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Fork(String),
    Switch(String),
    Sessions,
    Undo,
    Reset,
    Save(PathBuf),
    Load(PathBuf),
    Size,
    Help,
    Quit,
}

/// The command in a line that begins with a colon, or what is wrong with it.
pub(crate) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let with = |what: &str, command: fn(&str) -> Command| match rest {
        "" => Err(format!(
            "{name} takes a {what}: {name} {}",
            what.to_uppercase()
        )),
        rest => Ok(command(rest)),
    };
    let alone = |command| match rest {
        "" => Ok(command),
        rest => Err(format!("{name} takes nothing, and not `{rest}`")),
    };
    match name {
        ":fork" => with("name", |name| Command::Fork(name.into())),
        ":switch" => with("name", |name| Command::Switch(name.into())),
        ":sessions" => alone(Command::Sessions),
        ":undo" => alone(Command::Undo),
        ":reset" => alone(Command::Reset),
        ":save" => with("file", |file| Command::Save(file.into())),
        ":load" => with("file", |file| Command::Load(file.into())),
        ":size" => alone(Command::Size),
        ":help" => alone(Command::Help),
        ":quit" => alone(Command::Quit),
        _ => Err(format!("there is no command {name}; :help lists them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_what_they_take_and_no_more() {
        for (line, expected) in [
            (":fork a", Ok(Command::Fork("a".into()))),
            (
                "  :load  my file.py ",
                Ok(Command::Load("my file.py".into())),
            ),
            (":undo", Ok(Command::Undo)),
            (":undo 2", Err(":undo takes nothing, and not `2`")),
            (":save", Err(":save takes a file: :save FILE")),
            (":fork ", Err(":fork takes a name: :fork NAME")),
            (":", Err("there is no command :; :help lists them")),
            (
                ":forks a",
                Err("there is no command :forks; :help lists them"),
            ),
        ] {
            assert_eq!(parse(line), expected.map_err(str::to_owned), "{line}");
        }
        for line in HELP.lines().take_while(|line| !line.is_empty()) {
            let name = line.split(' ').next().unwrap_or_default();
            let known = [name.to_owned(), format!("{name} x")].map(|line| parse(&line));
            assert!(known.iter().any(Result::is_ok), "{line}");
        }
    }
}
