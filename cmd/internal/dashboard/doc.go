// Package dashboard is the web page of a memory: overview, browsing, one memory with its history, the audit log, and
// whatever else Options offers, rendered on the server from templates that escape every text.
//
// It listens on loopback alone and lets in who brings the one-time token that the command line printed: the token becomes
// a cookie (HttpOnly, SameSite=Strict). A request must name a loopback address as its host, so that a foreign page cannot
// reach it under a name of its own (DNS rebinding); a request that changes something must come from this page
// (Sec-Fetch-Site or Origin). The content security policy allows this server's own style sheet and script, nothing inline
// and nothing from elsewhere. Every page works without script.
package dashboard
