//! Tools of models.
