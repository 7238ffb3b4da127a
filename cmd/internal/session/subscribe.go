package session

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// In the protocol up to 2025-11-25 a session gets every list_changed, and updates of the resources it subscribed to.
// Since 2026-07-28 it gets only what an open subscriptions/listen stream asked for, each message tagged with the
// stream's id. mcp-go keeps one filter per session and tags nothing here; so the session lets everything come and
// decides, for each of its streams, as it writes.

// SetSubscriptionFilter does nothing: the acknowledgement that follows brings the filter together with its stream.
func (s *Session) SetSubscriptionFilter(mcp.SubscriptionFilter) {}

// SubscriptionFilter lets mcp-go hand over every broadcast; the writer picks.
func (s *Session) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	return mcp.SubscriptionFilter{}, false
}

// SubscribeToResource records a subscription to uri.
func (s *Session) SubscribeToResource(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
	case s.subs[uri] == 0:
		s.subs[uri] = 1
		s.h.subs.Add(1)
	case s.version == "": // resources/subscribe of a resource twice is once, two streams are two
		s.subs[uri]++
	}
}

// UnsubscribeFromResource removes a subscription to uri.
func (s *Session) UnsubscribeFromResource(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := s.subs[uri]; n {
	case 0:
	case 1:
		delete(s.subs, uri)
		s.h.subs.Add(-1)
	default:
		s.subs[uri] = n - 1
	}
}

// unsubscribeAll ends what is subscribed to, for good.
func (s *Session) unsubscribeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.h.subs.Add(-int64(len(s.subs)))
	clear(s.subs)
	s.over = true
}

// resourceUpdated has the client told of uri if it subscribed to it.
func (s *Session) resourceUpdated(uri string) {
	s.mu.Lock()
	subscribed := s.subs[uri] > 0
	if subscribed {
		s.updated[uri] = struct{}{}
	}
	s.mu.Unlock()
	if subscribed {
		select {
		case s.fresh <- struct{}{}:
		default:
		}
	}
}

// updates takes the notes of the resources that changed since the last call.
func (s *Session) updates() []mcp.JSONRPCNotification {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.updated) == 0 {
		return nil
	}
	var out []mcp.JSONRPCNotification
	for _, uri := range slices.Sorted(maps.Keys(s.updated)) {
		if s.subs[uri] == 0 { // not any more
			continue
		}
		n := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
		n.Method = mcp.MethodNotificationResourceUpdated
		n.Params.AdditionalFields = map[string]any{"uri": uri}
		out = append(out, n)
	}
	clear(s.updated)
	return out
}

// SubscribedResources returns the subscribed URIs, sorted; the caller owns them.
func (s *Session) SubscribedResources() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.subs))
}

// IsSubscribedToResource reports whether uri is subscribed to.
func (s *Session) IsSubscribedToResource(uri string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subs[uri] > 0
}

// route returns the messages that notification n becomes for this client: one, one for each stream, or none.
func (s *Session) route(n mcp.JSONRPCNotification) []mcp.JSONRPCNotification {
	var wanted func(mcp.SubscriptionFilter) bool
	switch n.Method {
	case mcp.MethodNotificationSubscriptionsAcknowledged:
		s.openStream(n)
		return []mcp.JSONRPCNotification{n}
	case mcp.MethodNotificationToolsListChanged:
		wanted = func(f mcp.SubscriptionFilter) bool { return f.ToolsListChanged }
	case mcp.MethodNotificationPromptsListChanged:
		wanted = func(f mcp.SubscriptionFilter) bool { return f.PromptsListChanged }
	case mcp.MethodNotificationResourcesListChanged:
		wanted = func(f mcp.SubscriptionFilter) bool { return f.ResourcesListChanged }
	case mcp.MethodNotificationResourceUpdated:
		uri, _ := n.Params.AdditionalFields["uri"].(string)
		wanted = func(f mcp.SubscriptionFilter) bool { return slices.Contains(f.ResourceSubscriptions, uri) }
	default:
		return []mcp.JSONRPCNotification{n}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version != "" {
		return []mcp.JSONRPCNotification{n}
	}
	var out []mcp.JSONRPCNotification
	for _, key := range slices.Sorted(maps.Keys(s.streams)) {
		if st := s.streams[key]; wanted(st.filter) {
			tagged := n
			tagged.Params.Meta = maps.Clone(n.Params.Meta)
			if tagged.Params.Meta == nil {
				tagged.Params.Meta = map[string]any{}
			}
			tagged.Params.Meta[mcp.MetaKeySubscriptionID] = st.id
			out = append(out, tagged)
		}
	}
	return out
}

func (s *Session) openStream(ack mcp.JSONRPCNotification) {
	filter, ok := ack.Params.AdditionalFields["notifications"].(mcp.SubscriptionFilter)
	id, err := json.Marshal(ack.Params.Meta[mcp.MetaKeySubscriptionID])
	if !ok || err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := link.IDKey(id); s.running[key] != nil {
		s.streams[key] = stream{id: id, filter: filter}
	}
}
