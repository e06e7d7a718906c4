//! Connections: scripts and commands in, answers or the kind of failure out, each within the time limit.
//!
//! A connection belongs to the runtime that it was made on, because it stands still with it. It is made at the first use
//! there, and again after it was lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, TlsMode, Value};
use tokio::runtime::Handle;

use super::address::Address;
use super::script::{Answer, Call};

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing was heard in time. It may have been done.
    Silent,
    /// Nobody is there, or the connection broke.
    Gone,
    /// The server is there and cannot serve: it loads its data, is out of memory, or does not let us in.
    Unfit(&'static str),
    /// This question alone was answered with an error.
    Refused(&'static str),
}

impl Fault {
    /// In words that hold no address, no key and no secret.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Silent => "the shared state did not answer in time",
            Self::Gone => "the shared state cannot be reached",
            Self::Unfit(why) | Self::Refused(why) => why,
        }
    }

    fn of(error: &RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        match error.kind() {
            ErrorKind::Server(kind) => match kind {
                ServerErrorKind::BusyLoading => Self::Unfit("the shared state is loading its data"),
                ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown | ServerErrorKind::TryAgain => {
                    Self::Unfit("the cluster of the shared state is down")
                }
                ServerErrorKind::ReadOnly => Self::Gone,
                ServerErrorKind::NoPerm => Self::Unfit("the user of the shared state may not run our commands"),
                _ => Self::Refused("the shared state answered with an error"),
            },
            ErrorKind::AuthenticationFailed => Self::Unfit("the shared state refuses user or password"),
            ErrorKind::InvalidClientConfig => {
                Self::Unfit("the shared state cannot be reached in the way that is configured")
            }
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                Self::Refused("the shared state answered in another language")
            }
            _ if code == "WRONGTYPE" => Self::Refused("a key of ours in the shared state holds another type"),
            _ if code == "OOM" => Self::Unfit("the shared state is out of memory"),
            _ if code == "NOAUTH" || code == "WRONGPASS" => Self::Unfit("the shared state refuses user or password"),
            _ if code == "MISCONF" || code == "NOREPLICAS" => Self::Unfit("the shared state does not take writes"),
            ErrorKind::Extension => Self::Refused("the shared state answered with an error"),
            _ => Self::Gone,
        }
    }

    /// It says something about the server and not about the question.
    pub(super) fn concerns_the_server(self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

#[derive(Clone)]
enum Wire {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Wire {
    async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::One(wire) => wire.req_packed_command(command).await,
            Self::Cluster(wire) => wire.req_packed_command(command).await,
        }
    }
}

/// The connection of one runtime, and how many came before it.
#[derive(Default)]
struct Slot {
    wire: Option<Wire>,
    number: u64,
}

type Slots = HashMap<tokio::runtime::Id, Arc<tokio::sync::Mutex<Slot>>>;

pub(super) struct Link {
    address: Address,
    prefix: String,
    timeout: Duration,
    slots: Mutex<Slots>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("address", &self.address).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(address: Address, prefix: String, timeout: Duration) -> Self {
        Self { address, prefix, timeout, slots: Mutex::default() }
    }

    /// Connections of its own to the same server.
    pub(super) fn another(&self) -> Self {
        Self::new(self.address.clone(), self.prefix.clone(), self.timeout)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    fn slot(&self) -> Option<Arc<tokio::sync::Mutex<Slot>>> {
        let id = Handle::try_current().ok()?.id();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(slots.entry(id).or_default()))
    }

    /// The connection of this runtime. Opening one may take ten times as long as an answer.
    async fn wire(&self) -> Result<(Wire, u64), Fault> {
        let slot = self.slot().ok_or(Fault::Gone)?;
        let patience = (self.timeout * 10).max(Duration::from_millis(500));
        let opened = tokio::time::timeout(patience, async {
            let mut slot = slot.lock().await;
            if let Some(wire) = &slot.wire {
                return Ok((wire.clone(), slot.number));
            }
            let wire = open(&self.address).await.map_err(|e| Fault::of(&e))?;
            slot.number += 1;
            slot.wire = Some(wire.clone());
            Ok((wire, slot.number))
        });
        opened.await.unwrap_or(Err(Fault::Gone))
    }

    /// Lets go of a connection, so that the next question opens another.
    async fn lost(&self, number: u64) {
        if let Some(slot) = self.slot() {
            let mut slot = slot.lock().await;
            if slot.number == number {
                slot.wire = None;
            }
        }
    }

    /// Lets go of this runtime's connection: nothing was heard on it, and nobody may be at its other end.
    pub(super) fn hang_up(&self) {
        if let Some(slot) = self.slot()
            && let Ok(mut slot) = slot.try_lock()
        {
            slot.wire = None;
        }
    }

    /// Asks one command.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        self.heard(command).await.map_err(|(fault, _)| fault)
    }

    async fn heard(&self, command: &Cmd) -> Result<Value, (Fault, bool)> {
        let (mut wire, number) = self.wire().await.map_err(|fault| (fault, false))?;
        let answered = tokio::time::timeout(self.timeout, wire.ask(command)).await;
        // A script that is not known may come as an answer or as a failure, by the kind of connection.
        let answered = match answered {
            Err(_) => return Err((Fault::Silent, false)),
            Ok(answered) => answered.and_then(Value::extract_error),
        };
        match answered {
            Ok(value) => Ok(value),
            Err(error) => {
                let unknown = error.kind() == ErrorKind::Server(ServerErrorKind::NoScript);
                let fault = Fault::of(&error);
                if fault == Fault::Gone {
                    self.lost(number).await;
                }
                Err((fault, unknown))
            }
        }
    }

    /// Runs a script, by its name where the server knows it.
    pub(super) async fn run(&self, call: &Call) -> Result<Answer, Fault> {
        let value = match self.heard(&call.by_name(&self.prefix)).await {
            Err((_, true)) => self.ask(&call.in_full(&self.prefix)).await?,
            Err((fault, false)) => return Err(fault),
            Ok(value) => value,
        };
        Answer::read(value).ok_or(Fault::Refused("the shared state answered in another language"))
    }
}

/// A connection waits for answers without an end; the time limit is the caller's.
fn settings() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None).set_pipeline_buffer_size(1_024)
}

async fn open(address: &Address) -> RedisResult<Wire> {
    if address.tls() && rustls::crypto::CryptoProvider::get_default().is_none() {
        // The client asks for the process's provider and panics where two are compiled in and none is chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    match address {
        Address::One(node) => {
            let client = Client::open(node.clone())?;
            Ok(Wire::One(client.get_multiplexed_async_connection_with_config(&settings()).await?))
        }
        Address::Cluster(nodes) => {
            let builder = redis::cluster::ClusterClientBuilder::new(nodes.clone()).retries(3).min_retry_wait(5);
            Ok(Wire::Cluster(builder.max_retry_wait(20).build()?.get_async_connection().await?))
        }
        Address::Sentinel { nodes, master, login, tls } => {
            let mut node = SentinelNodeConnectionInfo::default().set_redis_connection_info(login.clone());
            if *tls {
                node = node.set_tls_mode(TlsMode::Secure);
            }
            let sentinels = nodes.clone();
            let mut client = SentinelClient::build(sentinels, master, Some(node), SentinelServerType::Master)?;
            Ok(Wire::One(client.get_async_connection_with_config(&settings()).await?))
        }
    }
}
