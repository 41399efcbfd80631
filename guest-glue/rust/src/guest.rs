//! The protocol's two functions.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::bindings::exports::metatype::wit_wire::mat_wire::{
    HandleErr, HandleReq, InitArgs, InitError, InitResponse,
};
use crate::error::{HandleError, SetUpError};
use crate::ops::{Handler, Ops};
use crate::panic;

/// The version of the protocol that guests made with this crate speak.
pub const PROTOCOL_VERSION: &str = "0.0.1";

type Handlers = HashMap<String, Handler>;

thread_local! {
    /// The initialised ops: `None` before `init`, and empty if it failed.
    static HANDLERS: RefCell<Option<Handlers>> = const { RefCell::new(None) };
}

/// The protocol's `init`, for a guest with the ops that `offer` adds.
pub fn init(args: InitArgs, offer: fn(&mut Ops)) -> Result<InitResponse, InitError> {
    if args.metatype_version != PROTOCOL_VERSION {
        return Err(InitError::VersionMismatch(PROTOCOL_VERSION.to_owned()));
    }
    if HANDLERS.replace(Some(Handlers::new())).is_some() {
        return Err(InitError::Other("init was already called".to_owned()));
    }
    panic::report();
    let handlers = panic::catch(|| set_up(args, offer));
    let handlers = handlers.map_err(InitError::Other).flatten()?;
    HANDLERS.set(Some(handlers));
    Ok(InitResponse { ok: true })
}

fn set_up(args: InitArgs, offer: fn(&mut Ops)) -> Result<Handlers, InitError> {
    let mut ops = Ops::default();
    offer(&mut ops);
    let mut handlers = Handlers::new();
    for info in args.expected_ops {
        let handler = match ops.set_up(&info.op_name, &info.mat_data_json) {
            Some(Ok(handler)) => handler,
            Some(Err(SetUpError::Failed(error))) => {
                return Err(InitError::Other(format!("op `{}`: {error}", info.op_name)));
            }
            Some(Err(SetUpError::UnusableData)) | None => {
                return Err(InitError::UnexpectedMat(info));
            }
        };
        if handlers.insert(info.op_name.clone(), handler).is_some() {
            return Err(InitError::Other(format!("duplicate op `{}`", info.op_name)));
        }
    }
    Ok(handlers)
}

/// The op by which a host has the guest open what later calls would open once, before it copies the
/// guest's memory.
const SETTLE: &str = "wit-wire:settle";

/// The protocol's `handle`.
pub fn handle(request: HandleReq) -> Result<String, HandleErr> {
    if cfg!(target_os = "wasi") && request.op_name == SETTLE {
        println!();
        eprintln!();
    }
    HANDLERS.with_borrow(|handlers| {
        let handler = handlers
            .as_ref()
            .and_then(|handlers| handlers.get(&request.op_name));
        let handler = handler.ok_or(HandleErr::NoHandler)?;
        match panic::catch(|| handler(&request.in_json)) {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(HandleError::NotJson(error))) => Err(HandleErr::InJsonErr(error.to_string())),
            Ok(Err(HandleError::Failed(error))) => Err(HandleErr::HandlerErr(error.to_string())),
            Err(message) => Err(HandleErr::HandlerErr(message)),
        }
    })
}
