// Package control is the server's state that is not events: sensors and what was
// received of them, alerts and what people did about them, users, sessions, tokens,
// policies, and the log of who did what. It lies in SQLite, or in PostgreSQL when several
// servers share it; the SQL is the same. What is over is kept for a time: see Forget.
package control
