import { Body } from '@react-email/body'
import { Button } from '@react-email/button'
import { Container } from '@react-email/container'
import { Head } from '@react-email/head'
import { Heading } from '@react-email/heading'
import { Hr } from '@react-email/hr'
import { Html } from '@react-email/html'
import { Link } from '@react-email/link'
import { render } from '@react-email/render'
import { Text } from '@react-email/text'
import type { ReactElement, ReactNode } from 'react'
import { env } from '@/lib/env'
import { type Language, translator } from '@/lib/messages/translator'
import { type MailKind, mailsAddress } from './kinds'

// Colours are left to the mail program, which knows whether it is dark; only the button brings its own pair (5 to 1).
const font = 'system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif'
const buttonStyle = {
  background: '#2f6fb5',
  color: '#ffffff',
  padding: '10px 18px',
  borderRadius: 7,
  fontWeight: 600,
}
const linkStyle = { color: 'inherit', textDecoration: 'underline' }

interface LayoutProps {
  language: Language
  to: string
  title: string
  /** Of what can be turned off: why one gets it, and where to. */
  kind?: MailKind
  children: ReactNode
}

/** The frame of every mail: its heading, what it says, and who sent it. It loads nothing, so nobody learns that it was read. */
export function MailLayout({ language, to, title, kind, children }: LayoutProps) {
  const { VENDOR_NAME, SUPPORT_EMAIL } = env()
  const t = translator(language)
  return (
    <Html lang={language} dir="ltr">
      <Head>
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>{title}</title>
      </Head>
      <Body style={{ fontFamily: font, fontSize: 16, lineHeight: 1.5 }}>
        <Container style={{ maxWidth: 560, padding: '16px' }}>
          <Heading as="h1" style={{ fontSize: 20, margin: '0 0 16px' }}>
            {title}
          </Heading>
          {children}
          <Hr style={{ margin: '24px 0 12px', borderColor: '#8a8f98' }} />
          <Text style={{ fontSize: 13, margin: 0 }}>
            {t.rich('mail.footer', {
              vendor: VENDOR_NAME,
              email: to,
              support: SUPPORT_EMAIL,
              link: (address) => (
                <Link href={`mailto:${SUPPORT_EMAIL}`} style={linkStyle}>
                  {address}
                </Link>
              ),
            })}
          </Text>
          {kind && <Why language={language} kind={kind} />}
        </Container>
      </Body>
    </Html>
  )
}

function Why({ language, kind }: { language: Language; kind: MailKind }) {
  const link = (words: ReactNode) => (
    <Link href={`${env().PUBLIC_URL}${mailsAddress}`} style={linkStyle}>
      {words}
    </Link>
  )
  return (
    <Text style={{ fontSize: 13, margin: '12px 0 0' }}>
      {translator(language).rich('mail.why', { kind, link })}
    </Text>
  )
}

/** Where to go on, as a button and, for mail programs that show none, as an address. */
export function MailButton({ href, children }: { href: string; children: string }) {
  return (
    <>
      <Button href={href} style={buttonStyle} data-skip-in-text>
        {children}
      </Button>
      <Text style={{ margin: '12px 0 24px', fontSize: 13, wordBreak: 'break-all' }}>
        <Link href={href} style={linkStyle}>
          {href}
        </Link>
      </Text>
    </>
  )
}

/** Both forms of a mail. The text stands alone: it has every address and the code. */
export async function renderMail(mail: ReactElement): Promise<{ html: string; text: string }> {
  const [html, text] = await Promise.all([render(mail), render(mail, { plainText: true })])
  return { html, text }
}
