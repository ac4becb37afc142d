"""Forms of the ordinary pages: fields and how refusals come back to them. What is right is decided by the services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    EmailField,
    Field,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from auditapp.config import LANGUAGES
from auditapp.domain.errors import InvalidInput
from auditapp.domain.roles import Role
from auditapp.gate.errors import words_of
from auditapp.gate.request import gettext, translations
from auditapp.i18n import N_

BUILT_IN = (N_("Not a valid date value."), N_("Not a valid datetime value."))
"""Words of WTForms itself that our forms can show, so that they are translated too."""

LANGUAGE_CHOICES = [SelectChoice(code, name) for code, name in LANGUAGES.items()]


class Needed:
    """The field must be filled in; browsers are told so too."""

    field_flags = {"required": True}  # noqa: RUF012

    def __call__(self, form: Any, field: Field) -> None:
        """Stop at an empty field."""
        if not field.data:
            raise StopValidation(gettext(N_("This is empty. Fill it in.")))


class HouseForm(FlaskForm):  # type: ignore[misc]
    """A form whose labels and messages are in the reader's language."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """How WTForms finds our catalogs."""

        def get_translations(self, _form: Any) -> NullTranslations:
            """The catalog of this request."""
            return translations()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            field.label.text = gettext(field.label.text)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Put an InvalidInput of the block beside its field, so that the same form can be shown again."""
        try:
            yield
        except InvalidInput as error:
            field = self._fields.get(error.field)
            if field is None:
                self.form_errors.append(words_of(error))
            else:
                field.errors = [*field.errors, words_of(error)]

    @property
    def status(self) -> int:
        """The HTTP status of the page that shows this form."""
        return 422 if self.errors else 200


class SignInForm(HouseForm):
    """E-mail and password."""

    email = EmailField(N_("E-mail"), [Needed()], render_kw={"autocomplete": "username"})
    password = PasswordField(N_("Password"), [Needed()], render_kw={"autocomplete": "current-password"})


class NewPasswordForm(HouseForm):
    """A password for the first time, or after a reset."""

    password = PasswordField(N_("New password"), [Needed()], render_kw={"autocomplete": "new-password"})


class ChangePasswordForm(HouseForm):
    """The present password and a new one."""

    current = PasswordField(N_("Present password"), [Needed()], render_kw={"autocomplete": "current-password"})
    password = PasswordField(N_("New password"), [Needed()], render_kw={"autocomplete": "new-password"})


class LanguageForm(HouseForm):
    """The reader's language."""

    language = SelectField(N_("Language"), choices=LANGUAGE_CHOICES, validate_choice=False)


class ImportForm(HouseForm):
    """A file to import."""

    file = FileField(N_("File"), [Needed()], render_kw={"accept": ".csv,.xlsx"})


class RescueForm(HouseForm):
    """A visit that a phone saved as a file."""

    file = FileField(N_("Rescue file"), [Needed()], render_kw={"accept": ".html,.htm"})


class StoreForm(HouseForm):
    """One store; the fields are named as the columns of an import."""

    code = StringField(N_("Code"), [Needed()])
    name = StringField(N_("Name"), [Needed()])
    region = SelectField(N_("Region"), validate_choice=False)
    time_zone = StringField(N_("Time zone"), [Needed()])
    language = SelectField(N_("Language of its scorecards"), choices=LANGUAGE_CHOICES, validate_choice=False)
    format = StringField(N_("Format"))
    address = StringField(N_("Address"))
    latitude = StringField(N_("Latitude"), render_kw={"inputmode": "decimal"})
    longitude = StringField(N_("Longitude"), render_kw={"inputmode": "decimal"})


class RegionForm(HouseForm):
    """One region."""

    code = StringField(N_("Code"), [Needed()])
    name = StringField(N_("Name"), [Needed()])


class UserForm(HouseForm):
    """One person; the fields are named as the columns of an import."""

    email = EmailField(N_("E-mail"), [Needed()], render_kw={"autocomplete": "off"})
    name = StringField(N_("Name"), [Needed()], render_kw={"autocomplete": "off"})
    role = SelectField(N_("Role"), validate_choice=False)
    language = SelectField(N_("Language"), choices=LANGUAGE_CHOICES, validate_choice=False)
    stores = StringField(N_("Stores"))
    regions = StringField(N_("Regions"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = [SelectChoice(role.value, gettext(ROLE_WORDS[role])) for role in Role]


class WaveForm(HouseForm):
    """A new wave."""

    name = StringField(N_("Name"), [Needed()])
    checklist_version = SelectField(N_("Checklist"), validate_choice=False)
    method = SelectField(N_("Method"), validate_choice=False)
    starts_on = DateField(N_("First day"), [Needed()])
    ends_on = DateField(N_("Last day"), [Needed()])


class AssignForm(HouseForm):
    """Stores to be visited by one shopper."""

    stores = SelectMultipleField(N_("Stores"), validate_choice=False)
    shopper = SelectField(N_("Shopper"), validate_choice=False)
    opens = DateTimeLocalField(N_("Not before"), [Needed()], format="%Y-%m-%dT%H:%M")
    due = DateTimeLocalField(N_("Sent by"), [Needed()], format="%Y-%m-%dT%H:%M")
    fee = StringField(N_("Fee"), render_kw={"inputmode": "decimal", "autocomplete": "off"})
    currency = StringField(N_("Currency"), render_kw={"maxlength": 3, "autocomplete": "off"})
    task = StringField(N_("Task"))
    again = BooleanField(N_("Assign even where this shopper was within 90 days"))


class UploadForm(HouseForm):
    """A checklist file."""

    file = FileField(N_("Checklist file"), [Needed()], render_kw={"accept": ".yaml,.yml"})


ROLE_WORDS = {
    Role.SHOPPER: N_("Shopper"),
    Role.REVIEWER: N_("Reviewer"),
    Role.MANAGER: N_("Store manager"),
    Role.LEAD: N_("Regional lead"),
    Role.ADMIN: N_("Administrator"),
}
