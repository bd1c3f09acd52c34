//! Cognito: who the users are.
