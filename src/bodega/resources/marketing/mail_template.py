"""What templates of e-mails have in common: a subject, a body, and translated phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from bodega.domain import mail_text
from bodega.kit.bounds import AtMost
from bodega.kit.fields import clean_language
from bodega.law.refusal import Fault, invalid
from bodega.resources.marketing.template_texts import Text

LONGEST = 65_535

Subject = Annotated[str, msgspec.Meta(max_length=255)]
Body = Annotated[str, msgspec.Meta(max_length=LONGEST)]
Phrases = Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=LONGEST)]], AtMost(250)]


class Translation(msgspec.Struct, kw_only=True):
    """The phrases of one language, by their keys."""

    locale: Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
    keys: Phrases


Translations = Annotated[list[Translation], AtMost(100)]


class Template(msgspec.Struct, kw_only=True):
    """A whole template."""

    subject: Subject
    body: Body
    translations: Translations


def written(text: Text) -> Template:
    """A template with which every store begins."""
    translations = [Translation(locale="en", keys=dict(text.phrases))]
    return Template(subject=text.subject, body=text.body, translations=translations)


def faults_of(subject: str, body: str, translations: Sequence[Translation], before: str = "") -> list[Fault]:
    """What is wrong with the Handlebars of a template, and with the languages of its phrases."""
    faults = []
    for place, one in enumerate(translations):
        try:
            clean_language(one.locale)
        except ValueError as error:
            faults.append(invalid(f"{before}translations.{place}.locale", str(error)))
    for name, template in (("subject", subject), ("body", body)):
        try:
            mail_text.check(template)
        except ValueError as error:
            faults.append(invalid(before + name, str(error)))
    return faults


def phrases_for(translations: Sequence[Translation], locale: str) -> Mapping[str, str]:
    """The phrases of a language; those that it lacks are those of its first part, then of English."""
    found: dict[str, str] = {}
    for wanted in ("en", locale.partition("-")[0], locale):
        for one in translations:
            if one.locale.lower() == wanted.lower():
                found |= one.keys
    return found or (dict(translations[0].keys) if translations else {})


def render(template: Template, data: Mapping[str, Any], locale: str) -> tuple[str, str]:
    """The subject and the body that come of a template. Raises ValueError."""
    phrases = phrases_for(template.translations, locale)
    return (
        mail_text.render(template.subject, data, phrases, as_html=False),
        mail_text.render(template.body, data, phrases),
    )
