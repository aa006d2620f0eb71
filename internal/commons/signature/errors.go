package signature

import (
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

var (
	// ErrNone is the one answer to what is not there and to what is another's.
	ErrNone = errs.New(errs.NotFound, "signature.none", "this document is not there, or it is not yours to sign")
	// ErrOver means that nothing can be signed any more.
	ErrOver = errs.New(errs.Conflict, "signature.over", "this document can't be signed any more")
	// ErrTurn means that others sign first.
	ErrTurn = errs.New(errs.Conflict, "signature.turn", "others sign this document before you; we write to you when it is your turn")
	// ErrUnread means that the document was not opened.
	ErrUnread = errs.New(errs.Conflict, "signature.unread", "open the document and read it first")
	// ErrName means that the typed name is another's.
	ErrName = errs.New(errs.Invalid, "signature.name", "type your name as it stands below the document")
	// ErrConsent means that the box was not ticked.
	ErrConsent = errs.New(errs.Invalid, "signature.consent", "tick the box to say that you agree")
	// ErrRecent means that the sign-in lies too far back.
	ErrRecent = errs.New(errs.Forbidden, "signature.recent", "for your safety, sign out and in again, and then sign the document within 15 minutes")
	// ErrOther means that the document is not what was shown.
	ErrOther = errs.New(errs.Conflict, "signature.other", "this is not the document that you were shown: open it again")
	// ErrReason means that a reason is needed.
	ErrReason = errs.New(errs.Invalid, "signature.reason", "say why, in at most 2,000 characters")
)

var german = map[string]string{
	ErrNone.Code: "Dieses Dokument gibt es nicht, oder es ist nicht von Ihnen zu unterschreiben.", ErrOver.Code: "Dieses Dokument kann nicht mehr unterschrieben werden.", ErrTurn.Code: "Vor Ihnen unterschreiben noch andere; wir schreiben Ihnen, wenn Sie an der Reihe sind.",
	ErrUnread.Code: "Öffnen und lesen Sie zuerst das Dokument.", ErrName.Code: "Tippen Sie Ihren Namen so, wie er unter dem Dokument steht.", ErrConsent.Code: "Setzen Sie das Häkchen, um zuzustimmen.",
	ErrRecent.Code: "Zu Ihrer Sicherheit: melden Sie sich ab und wieder an, und unterschreiben Sie dann innerhalb von 15 Minuten.", ErrOther.Code: "Das ist nicht das Dokument, das Ihnen gezeigt wurde: öffnen Sie es noch einmal.", ErrReason.Code: "Nennen Sie den Grund, in höchstens 2.000 Zeichen.",
}

// Words gives an error's message for a member, in "de" or "en"; "" for one that
// members are not to read.
func Words(err error, lang string) string {
	var e *errs.Error
	if !errors.As(err, &e) || german[e.Code] == "" {
		return ""
	}
	if lang == "de" {
		return german[e.Code]
	}
	return e.Message
}
