//! The fakes themselves: each dialect and each mishap, with the pure engines at the other end of a real socket.

mod bot;
mod driver;
mod realtime;
mod web;
