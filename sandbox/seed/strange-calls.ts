import { type Call, judgeAgain, noteAnswer } from '@/lib/activations/check'
import type { AskedFor } from '@/lib/activations/history'
import type { QuestionKind } from '@/lib/activations/rules'
import { parseInstanceUrl } from '@/lib/instances/url'
import { installationNamed, presentedBy } from './calls'
import type { Customer, SeedInstance } from './customer'

interface Strange {
  /** What it says otherwise than the GLPI that has the key. */
  says: Partial<Pick<Call, 'installationId' | 'product'>> & { url?: string }
  asked: AskedFor
  minutesAgo: number
  question?: QuestionKind
}

/** More than are listed of one key. */
const clones = 23

/** Notes a call with an instance's first key that is not what its GLPI says every day. */
async function call(customer: Customer, instance: SeedInstance, { says, ...told }: Strange) {
  const [usual] = await presentedBy(customer, instance)
  if (!usual) throw new Error(`${instance.label} has no key`)
  const address = parseInstanceUrl(says.url ?? usual.call.url ?? '')
  if (!address.ok) throw new Error(`${says.url} is no address`)
  const said = { ...usual.call, ...says, url: address.url, address: address.identity }
  const checked = await judgeAgain(said)
  const at = new Date(checked.at.getTime() - told.minutesAgo * 60_000)
  noteAnswer(said, { ...checked, at }, told.asked, told.question)
}

/** The GLPI calls from an address that nobody has entered, a copy of it asks for its key, and a key stands in the wrong plugin. */
export async function strangeAtTheClinic(clinic: Customer, support: SeedInstance) {
  const test = {
    installationId: installationNamed('saint-roch test'),
    url: 'https://test.saint-roch.example',
  }
  await call(clinic, support, { says: test, asked: 'registration', minutesAgo: 190 })
  await call(clinic, support, { says: { product: 'inventoryplus' }, asked: 'validate', minutesAgo: 1_700 })
  await call(clinic, support, { says: { product: 'inventoryplus' }, asked: 'validate', minutesAgo: 1_690 })
  const moved = { url: 'https://support.saint-roch.example' }
  await call(clinic, support, { says: moved, asked: 'refresh', minutesAgo: 40 })
}

/** Two GLPIs go by one installation ID, and the image of the depots' server was set up in one depot after the other. */
export async function strangeAtBrightwater(haulier: Customer, support: SeedInstance, depot: SeedInstance) {
  await call(haulier, support, { says: {}, asked: 'refresh', minutesAgo: 95, question: 'copy' })
  for (let number = 1; number <= clones; number++) {
    const says = {
      installationId: installationNamed(`depot ${number}`),
      url: `http://10.44.${number}.12:8080`,
    }
    await call(haulier, depot, { says, asked: 'registration', minutesAgo: 1_400 - 10 * number })
  }
}
