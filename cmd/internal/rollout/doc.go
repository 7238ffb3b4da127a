// Package rollout decides for whom a feature is on: OpenFeature evaluations over rules that live in the store.
//
// A rule turns a feature on or off for all, or rolls it out: to named groups, and to a share of all users that may grow in
// steps at set times. A user is in the share by a hash of the feature and the name, so that everybody keeps the side they
// are on while the share grows, and different features fall on different users. An evaluation depends on the rules, the
// groups, the user and the time alone: Explain gives the same answer again for the same four.
//
// Book keeps the rules in memory, writes each change through to the store, and watches what rolled-out features do: the
// calls of users who have one because of its rollout are counted by themselves, and when they are slower or fail more than
// promised while the others' are not, the rule before the rollout is put back and an alert says so.
package rollout
