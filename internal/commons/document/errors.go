package document

import (
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What people are told. The messages are in English; Words has them in the
// language of a member.
var (
	// ErrNone is the one answer to what is not there and to what is another's.
	ErrNone = errs.New(errs.NotFound, "document.none", "this document is not there, or it is not asked of you")
	// ErrClosed means that nothing more can be sent for a request.
	ErrClosed = errs.New(errs.Conflict, "document.closed", "nothing more can be sent for this document: it was accepted, waived or is no longer needed")
	// ErrHeld means that files are still being scanned.
	ErrHeld = errs.New(errs.Conflict, "document.held", "a file of this document is still being scanned for viruses")
	// ErrNothing means that there is no file to accept or refuse.
	ErrNothing = errs.New(errs.Conflict, "document.nothing", "nothing has come for this document yet")
	// ErrMany means that a request has its files already.
	ErrMany = errs.New(errs.Conflict, "document.many", "as many files as are taken for this document are there already")
	// ErrEmpty means that a file has no content.
	ErrEmpty = errs.New(errs.Invalid, "document.empty", "the file is empty")
	// ErrKind means that a file is none of the kinds that are taken.
	ErrKind = errs.New(errs.Invalid, "document.kind", "this kind of file is not taken here")
	// ErrBroken means that a file is not what it seems, or too large when it is opened.
	ErrBroken = errs.New(errs.Invalid, "document.broken", "the file is damaged, or would be too large when it is opened")
	// ErrTotal means that somebody has sent as much as one may.
	ErrTotal = errs.New(errs.TooLarge, "document.total", "all your files together would be too large: please call us")
	// ErrLarge means that one file is too large.
	ErrLarge = errs.New(errs.TooLarge, "document.large", "a file may have at most 20 MB")
	// ErrOften means that files come too fast.
	ErrOften = &errs.Error{Kind: errs.TooMany, Code: "document.often", Message: "too many files in a short time: please wait a few minutes", RetryAfter: 5 * 60e9}
	// ErrUpload means that a resumable upload is not there any more.
	ErrUpload = errs.New(errs.NotFound, "document.upload", "this upload is not there any more: send the file again")
)

// german has the messages for members who read German.
var german = map[string]string{
	ErrNone.Code: "Diese Unterlage gibt es nicht, oder sie ist nicht von Ihnen angefordert.", ErrClosed.Code: "Für diese Unterlage kann nichts mehr gesendet werden: sie ist angenommen, erlassen oder nicht mehr nötig.",
	ErrMany.Code: "Für diese Unterlage sind schon so viele Dateien da, wie angenommen werden.", ErrEmpty.Code: "Die Datei ist leer.", ErrKind.Code: "Diese Art von Datei wird hier nicht angenommen.",
	ErrBroken.Code: "Die Datei ist beschädigt oder wäre geöffnet zu groß.", ErrTotal.Code: "Alle Ihre Dateien zusammen wären zu groß: bitte rufen Sie uns an.", ErrLarge.Code: "Eine Datei darf höchstens 20 MB haben.",
	ErrOften.Code: "Zu viele Dateien in kurzer Zeit: bitte warten Sie einige Minuten.", ErrUpload.Code: "Diese Übertragung gibt es nicht mehr: senden Sie die Datei noch einmal.",
	"files.held": "Die Datei wird noch auf Viren geprüft.", "files.infected": "In der Datei wurde ein Virus gefunden; sie wurde entfernt.", "files.media_type": "Diese Art von Datei wird hier nicht angenommen.", "files.too_large": "Eine Datei darf höchstens 20 MB haben.",
}

var english = map[string]string{"files.media_type": ErrKind.Message, "files.too_large": ErrLarge.Message}

// Words gives an error's message for a member, in "de" or "en"; "" for one that
// members are not to read.
func Words(err error, lang string) string {
	code := errs.CodeOf(err)
	text, known := german[code]
	if !known {
		return ""
	}
	if lang == "de" {
		return text
	}
	if text, ok := english[code]; ok {
		return text
	}
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}
