//! Services that are lost.
