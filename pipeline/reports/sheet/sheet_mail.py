"""A contact sheet as a mail that any mail program opens: `sheet.eml`."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP


def sheet_mail(html: str, thumbs: Mapping[str, bytes], *, subject: str) -> bytes:
    """A draft of a mail (`X-Unsent`) with the sheet as its body and the thumbs as its parts.

    `thumbs` are JPEG bytes by the name that the page calls them, `cid:<name>`; those that this
    page does not show stay out.
    """
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = Address("Campaign pipeline", "pipeline", "localhost.invalid")
    mail["X-Unsent"] = "1"
    mail.set_content(f"{subject}\n\nThis contact sheet is an HTML mail.\n")
    mail.add_alternative(html, subtype="html")
    body = mail.get_body(("html",))
    if not isinstance(body, EmailMessage):
        raise TypeError("the HTML part was just added")
    for name, thumb in thumbs.items():
        if f'"cid:{name}"' not in html:
            continue
        file = f"{name.partition('@')[0]}.jpg"
        body.add_related(thumb, maintype="image", subtype="jpeg", cid=f"<{name}>", filename=file)
    return mail.as_bytes()
