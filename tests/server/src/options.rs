//! What a server can be started with, and the command line that says it.

/// How a [`Server`](crate::Server) starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Port of the plain listener; 0 lets the system choose.
    pub port: u16,
    /// Lifetime of access tokens in seconds.
    pub access_ttl_s: u64,
    /// Whether a renewal gives a new refresh token and spends the old one.
    pub rotate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, access_ttl_s: 1800, rotate: true }
    }
}

/// What the command line of the program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`Command::USAGE`] and end.
    Help,
    /// Start a server.
    Run {
        /// How it starts.
        options: Options,
        /// Whether it ends, and removes its files, once standard input is at its end.
        until_stdin_closes: bool,
    },
}

impl Command {
    /// The text that `--help` prints.
    pub const USAGE: &str = "\
Usage: bearer-testserver [OPTIONS]

Starts an OAuth 2.0 authorization server and protected API for tests on 127.0.0.1,
and prints one line of JSON once it is ready.

Options:
  --port N               port of the plain listener (default 0: the system chooses)
  --access-ttl-s N       lifetime of access tokens in seconds (default 1800)
  --no-rotate            renewals keep the refresh token and do not return one
  --until-stdin-closes   end, and remove the certificate files, when stdin closes
  --help                 print this text
";

    /// Reads the arguments that follow the program's name.
    ///
    /// # Errors
    ///
    /// Says in a sentence what is wrong with them.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Options::default();
        let mut until_stdin_closes = false;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--no-rotate" => options.rotate = false,
                "--until-stdin-closes" => until_stdin_closes = true,
                "--port" => options.port = number(&argument, arguments.next())?,
                "--access-ttl-s" => options.access_ttl_s = number(&argument, arguments.next())?,
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        Ok(Self::Run { options, until_stdin_closes })
    }
}

fn number<N: std::str::FromStr>(name: &str, value: Option<String>) -> Result<N, String> {
    let value = value.ok_or_else(|| format!("{name} needs a number"))?;
    value.parse().map_err(|_| format!("{name}: {value:?} is not a number in range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Command, String> {
        Command::parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn reads_every_argument() {
        let all = ["--port", "81", "--access-ttl-s", "5", "--no-rotate", "--until-stdin-closes"];
        let options = Options { port: 81, access_ttl_s: 5, rotate: false };
        let until_stdin_closes = true;
        let run = Command::Run { options, until_stdin_closes };
        assert_eq!(parse(&all), Ok(run));
        assert_eq!(parse(&["--help"]), Ok(Command::Help));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for wrong in [&["--port"][..], &["--port", "x"], &["--port", "65536"], &["extra"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
