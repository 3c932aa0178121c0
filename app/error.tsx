'use client'

export { Failed as default } from './failed'
