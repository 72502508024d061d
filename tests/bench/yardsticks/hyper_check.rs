//! The yardstick: a hyper service that does the gate's check, on one thread:
//! `hyper_check ADDRESS own|decode`.
//!
//! It reads the session cookie, checks the HS256 token, looks the session up and answers 204 with
//! the identity headers, or
//! 401. `own` checks with the gate's code, so that the two differ by the HTTP library alone;
//!      `decode` with `jsonwebtoken::decode`, as such services are usually written. The secret is
//!      `JWT_SECRET`; its only session is the token in `SESSION_TOKEN`.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use hyper::header::{CACHE_CONTROL, COOKIE};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use portcullis::auth::keyring::{ISSUER, Keyring};
use portcullis::auth::session::{Session, SessionId};
use portcullis::auth::sessions::Sessions;
use portcullis::auth::token::{self, Claims, Scratch};
use portcullis::auth::user::UserName;
use portcullis::clock;
use portcullis::entropy;
use portcullis::secret::Secret;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Everything that a check needs.
struct Check {
    keyring: Keyring,
    scratch: Scratch,
    sessions: Sessions,
    /// For `jsonwebtoken::decode`, where that is asked for.
    decode: Option<(DecodingKey, Validation)>,
}

impl Check {
    fn new(how: &str) -> Fallible<Self> {
        let secret = Secret::new(std::env::var("JWT_SECRET")?.into_bytes());
        let keyring = Keyring::new(&secret, None).map_err(|error| error.to_string())?;
        let mut scratch = Scratch::new();
        let text = std::env::var("SESSION_TOKEN")?;
        let now = clock::now();
        let claims = token::verify(text.as_bytes(), &keyring, now, &mut scratch)
            .map_err(|error| error.to_string())?;
        let mut sessions = Sessions::new(None);
        sessions.insert(session_of(&claims)?);
        let decode = match how {
            "own" => None,
            "decode" => {
                Some((DecodingKey::from_secret(secret.expose()).expect("a secret"), validation()))
            }
            _ => return Err("own or decode".into()),
        };
        Ok(Self { keyring, scratch, sessions, decode })
    }

    /// Whose living session the cookie carries.
    fn visitor(&mut self, cookies: &[u8]) -> Option<UserName> {
        let token = cookies
            .split(|byte| *byte == b';')
            .map(<[u8]>::trim_ascii)
            .find_map(|cookie| cookie.strip_prefix(b"auth_token="))?;
        match &self.decode {
            None => {
                let now = clock::now();
                let claims = token::verify(token, &self.keyring, now, &mut self.scratch).ok()?;
                self.sessions.admit(&claims, now).ok().map(|session| session.user.clone())
            }
            Some((key, validation)) => {
                let claims =
                    jsonwebtoken::decode::<serde_json::Value>(token, key, validation).ok()?.claims;
                let id = SessionId::parse(claims.get("jti")?.as_str()?)?;
                let session = self.sessions.get(&id)?;
                (claims.get("sub")?.as_str()? == session.user.as_str())
                    .then(|| session.user.clone())
            }
        }
    }

    fn answer(&mut self, request: &Request<Incoming>) -> Response<String> {
        let cookies = request.headers().get(COOKIE).map(|value| value.as_bytes());
        let response = Response::builder().header(CACHE_CONTROL, "no-store");
        let response = match cookies.and_then(|cookies| self.visitor(cookies)) {
            None => response.status(401),
            Some(user) => response
                .status(204)
                .header("Remote-User", user.as_str())
                .header("Remote-Groups", "")
                .header("Remote-Name", "")
                .header("Remote-Email", ""),
        };
        response.body(String::new()).unwrap_or_default()
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.set_issuer(&[ISSUER]);
    validation
}

fn session_of(claims: &Claims<'_>) -> Fallible<Session> {
    let user = UserName::parse(claims.sub).map_err(|error| error.to_string())?;
    let lifetime = Duration::from_secs(claims.exp.unix() - claims.iat.unix());
    let ip = std::net::Ipv4Addr::LOCALHOST.into();
    let session =
        Session::begin(user, claims.iat, lifetime, ip, b"bench", claims.key, &mut entropy::System);
    Ok(Session { id: claims.jti, ..session })
}

async fn serve(address: String, check: Rc<RefCell<Check>>) -> Fallible<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let check = Rc::clone(&check);
        let service = service_fn(move |request| {
            let answer = check.borrow_mut().answer(&request);
            async move { Ok::<_, std::convert::Infallible>(answer) }
        });
        tokio::task::spawn_local(async move {
            // A client that breaks off is no news.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn main() -> Fallible<()> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [address, how] = words.as_slice() else {
        return Err("usage: hyper_check ADDRESS own|decode".into());
    };
    let check = Rc::new(RefCell::new(Check::new(how)?));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve(address.clone(), check))
}
