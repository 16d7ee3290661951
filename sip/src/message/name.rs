//! Header field names: RFC 3261 §7.3.1, §7.3.3 (compact forms), §20.
//!
//! Known names are an enum, found through a small hash table that is built at compile time; others keep the bytes
//! they came with and compare without regard to case.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::text::{Text, Token};

macro_rules! names {
    ($($variant:ident = $long:literal $(, $compact:literal)?;)*) => {
        /// The name of a header field.
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $long, "`", $(", in short `", $compact, "`")?)]
                $variant,
            )*
            /// A name that we don't know.
            Other(Token),
        }

        /// Every known name and its long form, in the order of the enum.
        static KNOWN: &[(HeaderName, &str)] = &[$((HeaderName::$variant, $long),)*];

        impl HeaderName {
            /// The name as it is printed: long, in its usual case.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $long,)*
                    Self::Other(name) => name.to_str().unwrap_or_default(),
                }
            }

            fn compact(letter: u8) -> Option<&'static Self> {
                match [letter.to_ascii_lowercase()].as_slice() {
                    $($(name if name == $compact.as_bytes() => Some(&Self::$variant),)?)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    Accept = "Accept";
    AcceptContact = "Accept-Contact", "a";
    AcceptEncoding = "Accept-Encoding";
    AcceptLanguage = "Accept-Language";
    AlertInfo = "Alert-Info";
    Allow = "Allow";
    AllowEvents = "Allow-Events", "u";
    AuthenticationInfo = "Authentication-Info";
    Authorization = "Authorization";
    CallId = "Call-ID", "i";
    CallInfo = "Call-Info";
    Contact = "Contact", "m";
    ContentDisposition = "Content-Disposition";
    ContentEncoding = "Content-Encoding", "e";
    ContentId = "Content-ID";
    ContentLanguage = "Content-Language";
    ContentLength = "Content-Length", "l";
    ContentType = "Content-Type", "c";
    CSeq = "CSeq";
    Date = "Date";
    Diversion = "Diversion";
    ErrorInfo = "Error-Info";
    Event = "Event", "o";
    Expires = "Expires";
    From = "From", "f";
    HistoryInfo = "History-Info";
    Identity = "Identity", "y";
    InReplyTo = "In-Reply-To";
    InfoPackage = "Info-Package";
    Join = "Join";
    MaxForwards = "Max-Forwards";
    MimeVersion = "MIME-Version";
    MinExpires = "Min-Expires";
    MinSe = "Min-SE";
    Organization = "Organization";
    PAssertedIdentity = "P-Asserted-Identity";
    PCalledPartyId = "P-Called-Party-ID";
    PPreferredIdentity = "P-Preferred-Identity";
    Path = "Path";
    Priority = "Priority";
    Privacy = "Privacy";
    ProxyAuthenticate = "Proxy-Authenticate";
    ProxyAuthorization = "Proxy-Authorization";
    ProxyRequire = "Proxy-Require";
    RAck = "RAck";
    Reason = "Reason";
    RecordRoute = "Record-Route";
    RecvInfo = "Recv-Info";
    ReferSub = "Refer-Sub";
    ReferTo = "Refer-To", "r";
    ReferredBy = "Referred-By", "b";
    RemotePartyId = "Remote-Party-ID";
    Replaces = "Replaces";
    ReplyTo = "Reply-To";
    RequestDisposition = "Request-Disposition", "d";
    Require = "Require";
    RetryAfter = "Retry-After";
    Route = "Route";
    RSeq = "RSeq";
    Server = "Server";
    ServiceRoute = "Service-Route";
    SessionExpires = "Session-Expires", "x";
    SessionId = "Session-ID";
    SipEtag = "SIP-ETag";
    SipIfMatch = "SIP-If-Match";
    Subject = "Subject", "s";
    SubscriptionState = "Subscription-State";
    Supported = "Supported", "k";
    Timestamp = "Timestamp";
    To = "To", "t";
    Unsupported = "Unsupported";
    UserAgent = "User-Agent";
    UserToUser = "User-to-User";
    Via = "Via", "v";
    Warning = "Warning";
    WwwAuthenticate = "WWW-Authenticate";
}

const SLOTS: usize = 256;
const EMPTY: u8 = u8::MAX;

/// Open addressing: slot -> index into [`KNOWN`].
static TABLE: [u8; SLOTS] = {
    let mut table = [EMPTY; SLOTS];
    let mut index = 0;
    while index < KNOWN.len() {
        let mut slot = slot(KNOWN[index].1.as_bytes());
        while table[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = index as u8;
        index += 1;
    }
    table
};

/// Mixes the length and the first, middle and last letters without their case.
const fn slot(name: &[u8]) -> usize {
    let len = name.len();
    if len == 0 {
        return 0;
    }
    let first = (name[0] | 0x20) as usize;
    let middle = (name[len / 2] | 0x20) as usize;
    let last = (name[len - 1] | 0x20) as usize;
    (len * 71 + first * 27 + middle * 217 + last * 123) % SLOTS
}

impl HeaderName {
    /// The name, long or compact, in any case; `None` when it isn't a token.
    pub fn new(name: impl Into<Text>) -> Option<Self> {
        let name = name.into();
        Self::read(&name, name.as_bytes())
    }

    #[inline]
    pub(super) fn read(text: &Text, name: &[u8]) -> Option<Self> {
        match Self::known(name) {
            Some(known) => Some(known.clone()),
            None => Token::new(text.sub(name)).map(Self::Other),
        }
    }

    fn known(name: &[u8]) -> Option<&'static Self> {
        if let [letter] = name {
            return Self::compact(*letter);
        }
        let mut slot = slot(name);
        loop {
            let (found, long) = KNOWN.get(usize::from(TABLE[slot]))?;
            if long.len() == name.len() && (long.as_bytes() == name || long.as_bytes().eq_ignore_ascii_case(name)) {
                return Some(found);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Whether this is the name `name`, long or compact, in any case.
    pub fn is(&self, name: &str) -> bool {
        if let Self::Other(own) = self {
            return own.eq_ignore_case(name);
        }
        Self::known(name.as_bytes()).is_some_and(|known| self == known)
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        if let Self::Other(name) = self { Self::Other(name.detach()) } else { self.clone() }
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(a), Self::Other(b)) => a.as_bytes().eq_ignore_ascii_case(b.as_bytes()),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Eq for HeaderName {}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.as_str().bytes() {
            byte.to_ascii_lowercase().hash(state);
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
