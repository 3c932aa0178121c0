import account from './account.json'
import activations from './activations.json'
import activity from './activity.json'
import audit from './audit.json'
import billing from './billing.json'
import calls from './calls.json'
import check from './check.json'
import errors from './errors.json'
import failed from './failed.json'
import glpi from './glpi.json'
import help from './help.json'
import instance from './instance.json'
import instances from './instances.json'
import keys from './keys.json'
import mail from './mail.json'
import members from './members.json'
import offline from './offline.json'
import outage from './outage.json'
import outdated from './outdated.json'
import overview from './overview.json'
import people from './people.json'
import questions from './questions.json'
import reference from './reference.json'
import requests from './requests.json'
import settings from './settings.json'
import shell from './shell.json'
import staff from './staff.json'
import stranger from './stranger.json'
import trials from './trials.json'

/** A file per room. */
export const en = {
  account,
  activations,
  activity,
  audit,
  billing,
  calls,
  check,
  errors,
  failed,
  glpi,
  help,
  instance,
  instances,
  keys,
  mail,
  members,
  offline,
  outage,
  outdated,
  overview,
  people,
  questions,
  reference,
  requests,
  settings,
  shell,
  staff,
  stranger,
  trials,
}
