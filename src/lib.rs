//! talkpath
