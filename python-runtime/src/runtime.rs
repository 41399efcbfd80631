//! The runtime: CPython ready to run, and programs of Python functions.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use artifact_embed::{Archive, Embedded, EngineProfile, Loader};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wit_wire_host::{
    Component, Function, Host, HostBuilder, HostcallContext, HostcallError, Hostcalls, Isolation,
    Limits, Op, Program,
};

use crate::error::Error;
use crate::source::PythonSource;

static GUEST: Embedded = artifact_embed::embedded!("python");

/// CPython, loaded once, for any number of functions. Cheap to clone.
#[derive(Clone)]
pub struct PythonRuntime {
    guest: Component,
    cache_problem: Option<Arc<str>>,
}

/// Configures a [`PythonRuntime`].
///
/// - guest: the one embedded in this crate
/// - cache folder: `artifact-embed` in the user's own cache folder
/// - hostcalls: none
/// - limits: [`Limits::default`]
/// - instances at once: 256
pub struct Builder {
    host: HostBuilder,
    archive: Option<Archive<'static>>,
    cache_folder: Option<PathBuf>,
}

impl Builder {
    /// Answers the hostcall `op` with `closure`, whose input and output are JSON through serde. In Python it is
    /// `ctx.hostcall("op", input)`.
    #[must_use]
    pub fn hostcall<I, O, F, Fut>(self, op: impl Into<String>, closure: F) -> Self
    where
        I: DeserializeOwned + Send,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        Self {
            host: self.host.hostcall(op, closure),
            ..self
        }
    }

    /// Answers the hostcalls that no closure was registered for.
    #[must_use]
    pub fn hostcalls(self, hostcalls: impl Hostcalls) -> Self {
        Self {
            host: self.host.hostcalls(hostcalls),
            ..self
        }
    }

    /// The limits of calls that bring none of their own.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self {
            host: self.host.limits(limits),
            ..self
        }
    }

    /// How many interpreters may be alive at once. A call that finds none free waits, until its deadline.
    #[must_use]
    pub fn max_instances(self, count: usize) -> Self {
        Self {
            host: self.host.max_instances(count),
            ..self
        }
    }

    /// Another guest than the embedded one: an archive of a component that speaks the same protocol.
    #[must_use]
    pub fn archive(self, archive: Archive<'static>) -> Self {
        Self {
            archive: Some(archive),
            ..self
        }
    }

    /// Where the guest's code is cached between processes. The folder is created for this user alone.
    #[must_use]
    pub fn cache_folder(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            cache_folder: Some(folder.into()),
            ..self
        }
    }

    /// Loads the guest. Blocks: a few milliseconds once it is cached, a good part of a second before.
    pub fn build(self) -> Result<PythonRuntime, Error> {
        let archive = match self.archive {
            Some(archive) => archive,
            None => GUEST.archive()?,
        };
        let mut loader = Loader::new(&EngineProfile::default())?;
        if let Some(folder) = self.cache_folder {
            loader = loader.cache_folder(folder);
        }
        let loaded = loader.load(&archive)?;
        let guest = self
            .host
            .build(loader.engine())?
            .component(&loaded.component)?;
        let cache_problem = loaded.skipped.first().map(|error| {
            let source = std::error::Error::source(error)
                .map_or_else(String::new, |source| format!(": {source}"));
            format!("{error}{source}").into()
        });
        Ok(PythonRuntime {
            guest,
            cache_problem,
        })
    }
}

impl PythonRuntime {
    /// A runtime to be.
    pub fn builder() -> Builder {
        Builder {
            host: Host::builder(),
            archive: None,
            cache_folder: None,
        }
    }

    /// Whether this build has a guest embedded; without one, only [`Builder::archive`] works.
    pub fn is_embedded() -> bool {
        GUEST.is_present()
    }

    /// Why the guest was not loaded from the cache folder, if it was not. It works all the same; each start of a process then
    /// takes the time that only the first should.
    pub fn cache_problem(&self) -> Option<&str> {
        self.cache_problem.as_deref()
    }

    /// A program of one function, each of whose calls sees clean state.
    ///
    /// Loads the source once, so that what is wrong with it is known now.
    pub async fn function(&self, source: PythonSource) -> Result<Function, Error> {
        let name = source.name().to_owned();
        let program = self.program().function(&name, source).build().await?;
        Ok(program.function(&name)?)
    }

    /// [`function`](Self::function) for threads outside async runtimes.
    pub fn function_blocking(&self, source: PythonSource) -> Result<Function, Error> {
        let name = source.name().to_owned();
        let program = self.program().function(&name, source).build_blocking()?;
        Ok(program.function(&name)?)
    }

    /// A program of several functions, which may share modules.
    pub fn program(&self) -> ProgramBuilder {
        ProgramBuilder {
            guest: self.guest.clone(),
            functions: Vec::new(),
            isolation: Isolation::default(),
        }
    }
}

/// Configures a program of Python functions.
pub struct ProgramBuilder {
    guest: Component,
    functions: Vec<(String, PythonSource)>,
    isolation: Isolation,
}

impl ProgramBuilder {
    /// Adds a function under a name that is the program's own.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>, source: PythonSource) -> Self {
        self.functions.push((name.into(), source));
        self
    }

    /// What calls see of each other. Default [`Isolation::PerCall`].
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Loads the sources once, so that what is wrong with them is known now.
    pub async fn build(self) -> Result<Program, Error> {
        Ok(self.prepare().build().await?)
    }

    /// [`build`](Self::build) for threads outside async runtimes.
    pub fn build_blocking(self) -> Result<Program, Error> {
        Ok(self.prepare().build_blocking()?)
    }

    fn prepare(self) -> wit_wire_host::ProgramBuilder {
        let mut sent = Vec::new();
        let op = |(name, source): &(String, PythonSource)| {
            Op::new(name.as_str()).data(&source.op_data(&mut sent))
        };
        let ops: Vec<_> = self.functions.iter().map(op).collect();
        self.guest.program(ops).isolation(self.isolation)
    }
}
