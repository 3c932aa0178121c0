<?php

/*
 * Checks a plugin's registration key: asks the portal for a signed lease, keeps it, refreshes it, and says at any moment
 * how things stand. One file, for PHP 7.4 or newer with curl and sodium. Apache-2.0.
 */

// Change this to a name of your plugin's: two plugins that bring the same class cannot both be loaded.
namespace Latchkey;

/** Where the state lies. It holds the key: what stores it encrypts it. */
interface Storage
{
    public function load(): ?string;

    /** Whole or not at all: a state that is cut off is lost. */
    public function save(string $text): void;
}

/**
 * A storage that can hold others off, as a database's named lock does: cron and page then ask the portal one after the
 * other. Without it the client looks again before it asks for a place; with it nobody comes in between.
 */
interface LockingStorage extends Storage
{
    /** Calls `$work` while nobody else's is called, and answers what it answers. */
    public function alone(callable $work);
}

/** Keeps the state in a file, which a reader finds as it was before or as it is after, never half. */
final class FileStorage implements Storage
{
    private string $path;

    public function __construct(string $path)
    {
        $this->path = $path;
    }

    public function load(): ?string
    {
        if (!file_exists($this->path)) {
            return null;
        }
        $text = file_get_contents($this->path);
        if ($text === false) {
            throw new \RuntimeException('the state cannot be read: ' . $this->path);
        }
        return $text;
    }

    public function save(string $text): void
    {
        $draft = $this->path . '.' . getmypid() . '.new';
        $mask = umask(0077);
        $written = file_put_contents($draft, $text, LOCK_EX);
        umask($mask);
        if ($written !== strlen($text) || !rename($draft, $this->path)) {
            throw new \RuntimeException('the state cannot be written: ' . $this->path);
        }
    }
}

/** The clocks of this machine. */
class Clock
{
    /** Milliseconds since 1970, UTC. */
    public function now(): int
    {
        return (int) (microtime(true) * 1000);
    }

    /**
     * Milliseconds since the machine was started, and a name of that start; null where it does not tell. With it a clock
     * that is set during an outage is noticed to the second. Linux counts in `uptime` the time that the machine sleeps;
     * `hrtime` would stand still meanwhile.
     */
    public function steady(): ?array
    {
        // Not readable on Windows, and where open_basedir forbids it.
        $boot = @file_get_contents('/proc/sys/kernel/random/boot_id');
        $uptime = @file_get_contents('/proc/uptime');
        return is_string($boot) && is_string($uptime) ? ['boot' => trim($boot), 'ms' => (int) ((float) $uptime * 1000)] : null;
    }
}

/** What a plugin calls. */
final class Latchkey
{
    private const DAY = 86400;
    /** How far two clocks may be apart without one of them being wrong, in milliseconds. */
    private const TOLERANCE = 300000;
    /**
     * What the end of the grace is given beyond its second: the five minutes by which a clock may have been set during an
     * outage. Where no steady clock tells, more cannot be had: at the end of the grace a clock that was set forward shows
     * what one that was set back shows ten minutes later, and the first must still be entitled.
     */
    private const MARGIN = 300;
    /** No offline file outlives these days, whatever a key that was stolen has signed. */
    private const LONGEST_FILE = 400;
    /** The longest grace that a product of the portal has, in days. */
    private const LONGEST_GRACE = 60;
    /** Bounds the work that a stranger can cause: the portal's answers, statements and files have a few kilobytes. */
    private const LONGEST = 65536;
    /** In characters; a key has 36. */
    /** A whole key and nothing beside it but a label and punctuation, once blanks, quotes and what nobody sees are gone. */
    private const KEY_ALONE = '/^[^a-z0-9]*(?:(?:(?:registration|licen[cs]e|activation)?key|cle?(?:denregistrement|delicence|dactivation)?)(?:[:=]|(?=gk[stp]1)))?[^a-z0-9]*(gk[stp]1[02-9ac-hj-np-z]{32})[^a-z0-9]*$/D';
    /** One that stands among words, as in the mail that brought it, but within none: of one with a character too many none is cut off. */
    private const KEY_AMONG_WORDS = '/(?<![a-z0-9])gk[stp]1[02-9ac-hj-np-z]{32}(?![a-z0-9])/';
    private const LONGEST_KEY = 1000;
    /** Of how many earlier keys the secret is kept. */
    private const MOST_SECRETS = 10;
    private const ENDINGS = ['read_only', 'trial_mode', 'disabled'];
    private const UNASKED = ['code' => 'unasked', 'at' => null, 'why' => null];
    private const NOTHING = [
        'revision' => 0,
        'key' => null,
        'secret' => null,
        // What the portal handed over in place of the key, until it has answered: ['key', 'secret', 'tried'].
        'next' => null,
        // The secrets that were had with earlier keys, by the hash of the key: a refund may bring one of them back.
        'secrets' => [],
        // When a key was last taken over, in seconds.
        'tookOverAt' => null,
        'keySet' => null,
        'lease' => null,
        // The list of keys by which the lease was verified when it came.
        'leaseKeySet' => null,
        'verdict' => null,
        'network' => self::UNASKED,
        'service' => self::UNASKED,
        'time' => null,
        'failures' => 0,
        'triedAt' => 0,
        // What this machine's clock said at that try (milliseconds).
        'triedWall' => 0,
        'givingBack' => false,
        'startedAnew' => false,
    ];

    private array $settings;
    private Storage $storage;
    private Clock $clock;
    /** What is kept between two calls; read from the storage by each of them. */
    private array $kept = self::NOTHING;
    private int $failuresBefore = 0;
    private string $issuer;
    /** The last answer was an unsigned 404. From something else it costs a question more, and nothing besides. */
    private bool $notFound = false;
    /** The list of keys that was read last: [its text, what it says]. */
    private array $keySetRead = ['', null];

    /**
     * @param array $settings `portal` (https://portal.example.com, in ASCII: who signs), `rootPublicKey` (32 bytes in base64, compiled
     *   in), `product`, `productVersion`, `installationId`; where they are known `glpiVersion`, `url`, `environment`
     *   (production or test); `service` (where the key service is called, where that is not the portal's address);
     *   `withoutLease` (what the plugin does while it has never had a lease: read_only, trial_mode or disabled); `timeout`
     *   in milliseconds; `curl` (further options, as for GLPI's proxy).
     */
    public function __construct(array $settings, Storage $storage, ?Clock $clock = null)
    {
        $this->settings = $settings;
        $this->storage = $storage;
        $this->clock = $clock ?? new Clock();
        $this->issuer = self::originOf($settings['portal']);
    }

    /** Takes a key that an administrator has pasted. One that works is given up only for another that works. */
    public function activate(string $pasted): array
    {
        return $this->alone(fn () => $this->takeKey($pasted));
    }

    private function takeKey(string $pasted): array
    {
        $this->load();
        $before = $this->kept;
        $key = self::cleanKey($pasted);
        if ($before['key'] !== $key) {
            $this->take(self::pick($before, ['revision', 'keySet', 'time']) + ['key' => $key] + self::NOTHING);
        }
        $this->kept['givingBack'] = false;
        $works = $this->askForActivation() === 'lease';
        // Over what cannot be opened only a key that works is written: the one in there may yet be the good one.
        $this->kept['startedAnew'] = $before['startedAnew'] && !$works;
        if ($works) {
            return $this->save();
        }
        $after = $this->kept;
        $this->take($before);
        $entitled = $this->describe()['entitled'];
        if ($before['key'] === $key || !$entitled) {
            $this->take($after);
            return $this->save();
        }
        $this->take(self::pick($after, ['time', 'keySet', 'network', 'service']) + $before);
        return ['key' => $after['verdict']] + $this->save();
    }

    /**
     * Refreshes the lease when its time has come; else asks nobody. Called by the plugin's cron.
     * @param bool $now ask now: an administrator waits for the answer.
     */
    public function check(bool $now = false): array
    {
        return $this->alone(fn () => $this->askWhenDue($now));
    }

    private function askWhenDue(bool $now): array
    {
        $this->load();
        // A clock that was set may make a call seem not yet due, or a lease seem over. Who works offline waits for no answer.
        $due = ($this->lease()['online'] ?? true) && $this->now() >= $this->pauseEnd();
        if ($this->kept['time']['suspect'] && ($now || $due)) {
            $this->askForTime();
        }
        $next = $this->nextCall();
        $calls = $next !== null && ($now || $this->now() >= $next);
        // Of an earlier call, which ended before it was taken over.
        if ($calls && $this->takeOver()) {
            return $this->describe();
        }
        $waiting = $this->kept['next']['key'] ?? null;
        if ($calls) {
            $this->askForLease();
        }
        $state = $this->save(true);
        if ($this->kept['next'] === null || $this->kept['next']['key'] === $waiting) {
            return $state;
        }
        // Taken over at once: who looks sees it work, and where money went back nothing stands still meanwhile.
        $this->load();
        return $this->takeOver() ? $this->describe() : $this->save(true);
    }

    /**
     * Goes on with the key that was handed over, once it has answered; until then, and where it is refused, the old one stays
     * with its lease. Nothing of it is lost where the process ends in between: the new key and its secret are stored already.
     */
    private function takeOver(): bool
    {
        $before = $this->kept;
        $next = $before['next'];
        if ($next === null) {
            return false;
        }
        $kept = self::pick($before, ['revision', 'keySet', 'time', 'failures']) + self::pick($next, ['key', 'secret']);
        $this->take($kept + self::NOTHING);
        $about = ['secret' => $next['secret'], 'environment' => $this->settings['environment'] ?? null] + $this->about();
        $outcome = $this->send('/api/v1/activations', $about);
        $after = $this->kept;
        if ($outcome === 'lease') {
            $this->kept['secrets'] = self::secretsWith($before);
            $this->kept['tookOverAt'] = $this->now();
            $this->save(true);
            return true;
        }
        $found = self::pick($after, ['keySet', 'time', 'network', 'service']);
        if ($outcome === 'refusal') {
            // The portal has refused it: it is handed over again, as long as it may be.
            $found['next'] = null;
        } else {
            $found += self::pick($after, ['failures', 'triedAt', 'triedWall']) + ['next' => ['tried' => true] + $next];
        }
        // Not by `take`: the failure of this call and of the next one are one.
        $this->kept = $found + $before;
        return false;
    }

    /** The secrets with that of the key at hand, the newest last. */
    private static function secretsWith(array $kept): array
    {
        $secrets = $kept['secrets'];
        if ($kept['key'] === null || $kept['secret'] === null) {
            return $secrets;
        }
        $name = self::encode(hash('sha256', $kept['key'], true));
        unset($secrets[$name]);
        return array_slice($secrets + [$name => $kept['secret']], -self::MOST_SECRETS, null, true);
    }

    /** How things stand, without asking anybody. */
    public function state(): array
    {
        $this->load();
        return $this->describe();
    }

    /**
     * Gives the place back. `freesAt`: when another GLPI may have it (seconds); null: the portal has not said so. Then it is
     * to be called again while `givingBack` is said; until then the place is not taken anew, unless somebody enters a key.
     * The place of an offline file is free when the file has ended: nobody can take it back.
     */
    public function giveBack(): array
    {
        return $this->alone(function () {
            $freesAt = $this->giveBackPlace();
            return ['state' => $this->save(), 'freesAt' => $freesAt];
        });
    }

    private function giveBackPlace(): ?int
    {
        $this->load();
        $lease = $this->lease();
        $freesAt = null;
        if ($lease !== null) {
            // Noted before it is asked for: an answer that is lost, or a process that ends, must not leave it forgotten.
            $this->kept['givingBack'] = true;
            $this->save();
            $freesAt = $this->askToGiveBack($lease['activation']);
        }
        // A place that was never had is not given back.
        if ($freesAt !== null || $lease === null) {
            $names = ['revision', 'keySet', 'time', 'network', 'service', 'startedAnew'];
            $this->take(self::pick($this->kept, $names) + self::NOTHING);
        }
        return $freesAt;
    }

    /**
     * Takes the text of an offline activation file.
     * @param string|null $pasted the key that the file was made for, where the administrator has it.
     * @return array `state`, and `refused`: why the file was refused; null: it was taken. `over`; `wrong_claims` (for another
     *   GLPI, key or product); `unknown_kid` (its signing key was dropped since: it is to be fetched anew); `untrusted_keys`
     *   (another portal's, or altered); `wrong_signature` (altered); `no_signature`, `wrong_header`, `no_offline_file` (no such file).
     */
    public function useOfflineFile(string $text, ?string $pasted = null): array
    {
        return $this->alone(function () use ($text, $pasted) {
            $this->load();
            $key = $pasted === null ? $this->kept['key'] : self::cleanKey($pasted);
            $refused = $this->takeOfflineFile($text, $key);
            return ['state' => $this->save(), 'refused' => $refused];
        });
    }

    /**
     * A registration key may have been pasted with blanks, line breaks, a label, or the mail that brought it. Another text is
     * sent as the portal reads it, which says what is wrong with it and signs for what it has read: no control characters, no
     * blanks at either end, no more of it than it takes.
     */
    public static function cleanKey(string $pasted): string
    {
        $letters = strtolower((string) preg_replace('/[^\x21-\x7e]|["\'`]/', '', $pasted));
        if (preg_match(self::KEY_ALONE, $letters, $found)) {
            return $found[1];
        }
        preg_match_all(self::KEY_AMONG_WORDS, strtolower($pasted), $among);
        if (count(array_unique($among[0])) === 1) {
            return $among[0][0];
        }
        // What is no UTF-8 could neither be sent nor stored.
        $text = preg_match('//u', $pasted) ? $pasted : (string) preg_replace('/[^\x00-\x7f]/', "\u{FFFD}", $pasted);
        $text = self::trim((string) preg_replace('/\p{Cc}/u', ' ', $text));
        return self::trim(preg_match('/^.{0,' . self::LONGEST_KEY . '}/su', $text, $first) ? $first[0] : '');
    }

    /** Takes away all that is blank, and not only what is in ASCII, as the portal does. */
    private static function trim(string $text): string
    {
        return (string) preg_replace('/^[\p{Z}\x{FEFF}]+|[\p{Z}\x{FEFF}]+$/Du', '', $text);
    }

    private function takeOfflineFile(string $text, ?string $key): ?string
    {
        $file = strlen($text) > self::LONGEST ? null : self::objectOf(trim($text));
        $untrusted = $file === null ? 'no_offline_file' : $this->adoptKeySet($file['key_set'] ?? null);
        // A list that is older than the kept one says nothing against the file; the kept one is asked.
        if ($untrusted !== null && $untrusted !== 'older_keys') {
            return $untrusted;
        }
        [$claims, $because] = $this->read($file['lease'] ?? null, 'offline+jwt');
        $because = $because ?? $this->wrongClaim($claims, $key);
        if ($because !== null) {
            return $because;
        }
        $lease = self::readLease($claims);
        if ($lease === null || $lease['online']) {
            return 'no_offline_file';
        }
        // Signed in the future: this machine's clock is behind.
        if ($lease['issuedAt'] > $this->now() + self::TOLERANCE / 1000) {
            $this->askForTime();
        }
        $time = self::startFrom($this->kept['time'], $lease['issuedAt']);
        if ($lease['entitledUntil'] !== null && $time['high'] / 1000 >= $lease['entitledUntil']) {
            return 'over';
        }
        $anew = ['verdict' => null, 'failures' => 0, 'next' => null, 'givingBack' => false, 'startedAnew' => false];
        $this->kept = $anew + ['key' => $key, 'time' => $time] + $this->kept;
        $this->keepLease($file['lease']);
        return null;
    }

    // What is kept

    private function alone(callable $work): array
    {
        return $this->storage instanceof LockingStorage ? $this->storage->alone($work) : $work();
    }

    /** Whether nobody has saved since this client has read. */
    private function isUntouched(): bool
    {
        return self::readKept($this->storage->load())['revision'] === $this->kept['revision'];
    }

    private function load(): void
    {
        $this->take(self::readKept($this->storage->load()));
        $this->readTime();
    }

    private function take(array $kept): void
    {
        $this->kept = $kept;
        $this->failuresBefore = $kept['failures'];
    }

    /** What a person has done is saved; what the cron has found is dropped where somebody saved meanwhile. */
    private function save(bool $unlessOvertaken = false): array
    {
        if ($unlessOvertaken && !$this->isUntouched()) {
            return $this->state();
        }
        // What cannot be opened may be opened again, once the key that it was encrypted by is back: it is not written over.
        if ($this->kept['startedAnew']) {
            return $this->describe();
        }
        $this->kept['revision'] = self::readKept($this->storage->load())['revision'] + 1;
        $state = json_encode($this->kept, JSON_INVALID_UTF8_SUBSTITUTE);
        $this->storage->save((string) json_encode(['sum' => hash('sha256', (string) $state), 'state' => $state]));
        return $this->describe();
    }

    /** Reads what was stored. What is cut off or damaged counts as nothing, and that is said. */
    private static function readKept(?string $text): array
    {
        if ($text === null || $text === '') {
            return self::NOTHING;
        }
        $stored = self::objectOf($text) ?? [];
        $state = $stored['state'] ?? null;
        $good = is_string($state) && ($stored['sum'] ?? null) === hash('sha256', $state);
        $kept = $good ? self::objectOf($state) : null;
        return $kept === null ? ['startedAnew' => true] + self::NOTHING : $kept + self::NOTHING;
    }

    // The time

    /**
     * What time it is: never earlier than the latest that was seen, unless the portal or a newer file has said so. Without
     * a steady clock, one that was set forward is believed until then, since it cannot be told from waiting; and one that
     * was set back hides what it was set back by, or less, since it cannot be told from checks that follow each other sooner.
     */
    private function readTime(): void
    {
        $kept = $this->kept['time'];
        $marks = $this->marks();
        if ($kept === null) {
            $never = ['signed' => 0, 'offset' => 0, 'suspect' => false];
            $this->kept['time'] = ['high' => $marks['wall']] + $never + $marks;
            return;
        }
        $told = $marks['wall'] + $kept['offset'];
        $sameStart = $marks['steady'] !== null && $kept['steady'] !== null && $marks['boot'] === $kept['boot'];
        if ($sameStart && $marks['steady'] >= $kept['steady']) {
            $read = self::bySteadyClock($kept, $told, $marks['steady'] - $kept['steady']);
        } else {
            // A clock that stays within five minutes of the truth, either way, moves by ten: so long time stands still.
            $behind = $told < $kept['high'] - 2 * self::TOLERANCE;
            $on = $kept['high'] + max(0, $marks['wall'] - $kept['wall']);
            $read = ['high' => $behind ? $on : max($told, $kept['high']), 'suspect' => $behind];
        }
        $this->kept['time'] = $read + $marks + $kept;
    }

    private static function bySteadyClock(array $kept, int $told, int $passed): array
    {
        $expected = $kept['high'] + $passed;
        // Far ahead of the steady clock: the machine slept, or its clock was set. The portal is asked; until then it may be
        // so, also where it is set back afterwards: that cannot be told from setting it right.
        if ($told > $expected + self::TOLERANCE) {
            return ['high' => $told, 'suspect' => true];
        }
        return ['high' => $expected, 'suspect' => $told < $expected - self::TOLERANCE];
    }

    /** The portal has told the time, in an answer to a question of just now: it is right, also where it is earlier. */
    private function setTime(int $seconds): void
    {
        $signed = $seconds * 1000;
        $marks = $this->marks();
        $told = ['high' => $signed, 'signed' => $signed, 'offset' => $signed - $marks['wall']];
        $this->kept['time'] = $told + ['suspect' => false] + $marks;
    }

    /**
     * A file that was signed later than all that was seen signed proves how late it is at the least, and what was seen of
     * this machine's clock before is forgotten: one wrong reading would else be the end of every file.
     */
    private static function startFrom(array $kept, int $issuedAt): array
    {
        $signed = $issuedAt * 1000;
        if ($signed <= $kept['signed']) {
            return $kept;
        }
        $told = $kept['wall'] + $kept['offset'];
        $suspect = $told < $signed - self::TOLERANCE;
        return ['high' => max($told, $signed), 'signed' => $signed, 'suspect' => $suspect] + $kept;
    }

    private function marks(): array
    {
        $steady = $this->clock->steady();
        return ['wall' => $this->clock->now(), 'boot' => $steady['boot'] ?? null, 'steady' => $steady['ms'] ?? null];
    }

    /** The time as last observed, in seconds. */
    private function now(): int
    {
        return (int) floor($this->kept['time']['high'] / 1000);
    }

    // How things stand, and when to ask

    private function describe(): array
    {
        $kept = $this->kept;
        $lease = $this->lease();
        $now = $this->now();
        $code = $kept['verdict']['code'] ?? null;
        $ended = in_array($code, ['revoked', 'expired'], true);
        $paid = $lease !== null && ($lease['entitledUntil'] === null || $now < $lease['entitledUntil']);
        $online = $lease['online'] ?? false;
        $entitled = $paid && !$ended && (!$online || $now < $lease['graceUntil'] + self::MARGIN);
        $ending = $lease[$code === 'revoked' ? 'onRevocation' : 'onExpiry'] ?? $this->settings['withoutLease'] ?? 'disabled';
        $refused = $code !== null && $code !== 'ok';
        $unheard = $online && $kept['failures'] > 0 && $now >= $lease['refreshAfter'];
        $ends = $entitled ? array_filter([$lease['entitledUntil'], $lease['graceUntil']], 'is_int') : [];
        return [
            'key' => $kept['verdict'],
            'network' => $kept['network'],
            'service' => $kept['service'],
            'entitled' => $entitled,
            'mode' => $entitled ? ($online && ($refused || $unheard) ? 'grace' : 'full') : $ending,
            'until' => $ends === [] ? null : min($ends),
            'features' => $lease['features'] ?? [],
            'offline' => $lease !== null && !$online,
            'clockSuspect' => $kept['time']['suspect'],
            'tookOverAt' => $kept['tookOverAt'],
            'givingBack' => $kept['givingBack'],
            'startedAnew' => $kept['startedAnew'],
        ];
    }

    /** When to ask next (seconds); null: by itself never. Spread by the installation, so that no fleet calls at once. */
    private function nextCall(): ?float
    {
        $kept = $this->kept;
        $lease = $this->lease();
        if ($kept['key'] === null || $kept['givingBack'] || ($lease !== null && !$lease['online'])) {
            return null;
        }
        if ($kept['next'] !== null && !$kept['next']['tried'] && $kept['failures'] === 0) {
            // Handed over by a call that was broken off.
            return 0;
        }
        if ($kept['failures'] > 0) {
            return $this->pauseEnd();
        }
        if ($kept['verdict'] !== null && $kept['verdict']['code'] !== 'ok') {
            return $kept['verdict']['at'] + self::DAY;
        }
        if ($lease === null) {
            return 0;
        }
        $spread = self::share($this->settings['installationId']);
        $window = max(0, min(self::DAY, ($lease['graceUntil'] - $lease['refreshAfter']) / 2));
        $grace = $lease['graceUntil'] - $lease['issuedAt'];
        // A product with a short grace must be asked for before it ends, whatever `refresh_after` says.
        $calls = [$lease['refreshAfter'] + $spread * $window, $lease['issuedAt'] + $grace * (0.5 + $spread / 4)];
        // The key may have been extended meanwhile: asked in its last hour, it goes on without a break.
        $lastHour = ($lease['entitledUntil'] ?? INF) - 3600 * $spread;
        if ($lease['issuedAt'] < $lastHour) {
            $calls[] = $lastHour;
        }
        return min($calls);
    }

    /**
     * Until when nobody is asked after a failure (seconds). After an outage all are due: each waits 30 to 90 minutes
     * between its tries, so that they come back one by one. A try that lies ahead of this machine's clock, which has been
     * set back since, holds off nobody: it may be days ahead.
     */
    private function pauseEnd(): float
    {
        $kept = $this->kept;
        if ($kept['failures'] === 0 || $kept['time']['wall'] < $kept['triedWall'] - self::TOLERANCE) {
            return 0;
        }
        return $kept['triedAt'] + 1800 + 3600 * self::share($this->settings['installationId'] . ':' . $kept['failures']);
    }

    /** A number from 0 to 1 that is the same for the same text. */
    private static function share(string $text): float
    {
        return hexdec(substr(hash('sha256', $text), 0, 8)) / 4294967296;
    }

    // Asking the portal

    private function askForActivation(): string
    {
        $about = ['environment' => $this->settings['environment'] ?? null] + $this->about();
        return $this->send('/api/v1/activations', $about);
    }

    /** Asks for a newer lease; where there is none, or the portal does not know its activation any more, for one. */
    private function askForLease(): string
    {
        $lease = $this->lease();
        if ($lease === null || !$lease['online']) {
            return $this->askForActivation();
        }
        $path = '/api/v1/activations/' . rawurlencode($lease['activation']) . '/refresh';
        $about = ['lease' => $lease['id'], 'secret' => $this->kept['secret']] + $this->about();
        $outcome = $this->send($path, $about);
        // Where the place was given back meanwhile, that is why the portal does not know it any more.
        $activates = $outcome === 'nothing' && $this->notFound && $this->isUntouched();
        return $activates ? $this->askForActivation() : $outcome;
    }

    private function about(): array
    {
        return [
            'product' => $this->settings['product'],
            'installation_id' => $this->settings['installationId'],
            'product_version' => $this->settings['productVersion'],
            'glpi_version' => $this->settings['glpiVersion'] ?? null,
            'url' => ($this->settings['url'] ?? '') === '' ? null : $this->settings['url'],
        ];
    }

    /** @return string `lease`, `refusal` (a signed one), or `nothing` that can be believed. */
    private function send(string $path, array $about): string
    {
        $nonce = self::nonce();
        $json = $this->ask('POST', $path, ['key' => $this->kept['key'], 'nonce' => $nonce] + $about);
        if ($json === null) {
            return 'nothing';
        }
        $granted = is_string($json['lease'] ?? null);
        $statement = $granted ? $json['lease'] : $json['signed'] ?? null;
        [$claims, $because] = $this->verify($statement, $granted ? 'lease+jwt' : 'verdict+jwt');
        if ($because === null) {
            $because = ($claims['nonce'] ?? null) === $nonce
                ? $this->wrongClaim($claims, $this->kept['key']) ?? self::wrongAnswer($claims, $granted)
                : 'wrong_nonce';
        }
        if ($because !== null) {
            return $this->unbelieved(self::unsignedRefusal($json) ?? $because);
        }
        $this->believed($claims['iat']);
        $this->noteVerdict($granted, $claims, $json);
        $this->noteHandover($json['handover'] ?? null, $nonce);
        if (!$granted) {
            return 'refusal';
        }
        $this->keepLease($statement);
        $secret = $json['activation']['secret'] ?? null;
        $this->kept['secret'] = is_string($secret) ? $secret : $this->kept['secret'];
        return 'lease';
    }

    /**
     * What the portal refused of the question, as in `invalid_input url`, a mistake of the plugin or of its settings; or that
     * it lacks the activation's secret. It is not signed and says nothing about the key, so it is only shown; what is no
     * field's name might be anybody's text.
     */
    private static function unsignedRefusal(array $json): ?string
    {
        if (($json['code'] ?? null) === 'secret_needed' && !isset($json['signed'])) {
            return 'secret_needed';
        }
        $fields = $json['fields'] ?? null;
        if (($json['code'] ?? null) !== 'invalid_input' || isset($json['signed']) || !is_array($fields)) {
            return null;
        }
        $names = array_filter(array_keys($fields), static fn ($name) => preg_match('/^[a-z_]{1,40}$/D', (string) $name) === 1);
        return $names === [] ? null : 'invalid_input ' . implode(' ', array_slice($names, 0, 5));
    }

    /** Keeps the key that is handed over in place of the kept one; what is not for this very question is passed over. */
    private function noteHandover($statement, string $nonce): void
    {
        if (!is_string($statement) || $this->kept['key'] === null) {
            return;
        }
        [$claims, $because] = $this->verify($statement, 'handover+jwt');
        $mine = ($claims['nonce'] ?? null) === $nonce && $this->wrongClaim($claims, $this->kept['key']) === null;
        $key = $because === null && $mine ? self::openHandover($claims, $this->kept['key']) : null;
        // The same one again keeps its secret, which may have been sent.
        if ($key === null || $key === $this->kept['key'] || $key === ($this->kept['next']['key'] ?? null)) {
            return;
        }
        $known = $this->kept['secrets'][self::encode(hash('sha256', $key, true))] ?? null;
        $secret = $known ?? self::encode(random_bytes(32));
        $this->kept['next'] = ['key' => $key, 'secret' => $secret, 'tried' => false];
    }

    /**
     * Opens what was sealed under a key: AES-256-GCM under HKDF-SHA256 of the key, for the two rows that are named. A portal
     * that is none can sign nothing, and who signs does not know the key's string until it is told: what opens comes from
     * whoever issued both. Null: it does not open, or this PHP cannot (no openssl); then somebody pastes the key.
     */
    private static function openHandover(array $claims, string $key): ?string
    {
        foreach (['key_id', 'next_key_id', 'sealed_key'] as $name) {
            if (!is_string($claims[$name] ?? null)) {
                return null;
            }
        }
        $sealed = (string) self::decode($claims['sealed_key']);
        if (strlen($sealed) <= 28 || !function_exists('openssl_decrypt')) {
            return null;
        }
        $opened = openssl_decrypt(
            substr($sealed, 12, -16),
            'aes-256-gcm',
            hash_hkdf('sha256', $key, 32, 'latchkey handover 1'),
            OPENSSL_RAW_DATA,
            substr($sealed, 0, 12),
            substr($sealed, -16),
            $claims['key_id'] . '.' . $claims['next_key_id']
        );
        return is_string($opened) ? $opened : null;
    }

    /** The notes, the page and the refusal code are for showing; the verdict itself is signed. */
    private function noteVerdict(bool $granted, array $claims, array $json): void
    {
        $beside = $granted ? $json['verdict'] ?? [] : $json;
        $notes = $granted ? $beside['notes'] ?? [] : $claims['notes'] ?? [];
        $page = $beside['page'] ?? null;
        $refusal = $json['refusal_code'] ?? null;
        $this->kept['verdict'] = [
            'code' => $granted ? 'ok' : $claims['code'],
            'notes' => is_array($notes) ? array_values(array_filter($notes, 'is_string')) : [],
            'at' => $claims['iat'],
            'page' => is_string($page) && strpos($page, $this->issuer . '/') === 0 ? $page : null,
            'refusalCode' => is_string($refusal) && preg_match('/^\w{6}$/D', $refusal) ? $refusal : null,
        ];
    }

    /** Asks the portal for the time; false where nothing came that can be believed. */
    private function askForTime(): bool
    {
        $nonce = self::nonce();
        $json = $this->ask('GET', '/api/v1/time?nonce=' . $nonce);
        if ($json === null) {
            return false;
        }
        [$claims, $because] = $this->verify($json['signed'] ?? null, 'time+jwt');
        $mine = ($claims['iss'] ?? null) === $this->issuer && ($claims['nonce'] ?? null) === $nonce;
        $good = $because === null && $mine && self::isTime($claims['iat'] ?? null);
        if ($good) {
            $this->believed($claims['iat']);
        } else {
            $this->unbelieved($because ?? 'wrong_claims');
        }
        return $good;
    }

    /**
     * The answer must be signed; the portal gives the same however often it is asked.
     * @return int|null when another GLPI may have the place (seconds)
     */
    private function askToGiveBack(string $activation): ?int
    {
        // An offline file may have been taken without its key: then nobody can be asked.
        if ($this->kept['key'] === null) {
            return null;
        }
        $about = ['installation_id' => $this->settings['installationId'], 'product' => $this->settings['product']];
        // Not where there is none: of an offline file that was taken before any lease.
        $about += array_filter(['secret' => $this->kept['secret']], 'is_string');
        $nonce = self::nonce();
        $path = '/api/v1/activations/' . rawurlencode($activation);
        $json = $this->ask('DELETE', $path, ['nonce' => $nonce] + $about, ['X-Registration-Key: ' . $this->kept['key']]);
        if ($json === null) {
            return null;
        }
        [$claims, $because] = $this->verify($json['signed'] ?? null, 'given-back+jwt');
        $mine = ($claims['nonce'] ?? null) === $nonce && ($claims['sub'] ?? null) === $activation;
        $times = self::isTime($claims['iat'] ?? null) && self::isTime($claims['frees_at'] ?? null);
        if ($because === null && $mine && $times && $this->wrongClaim($claims, $this->kept['key']) === null) {
            $this->believed($claims['iat']);
            return $claims['frees_at'];
        }
        $this->unbelieved(self::unsignedRefusal($json) ?? $because ?? 'wrong_claims');
        return null;
    }

    private function believed(int $issuedAt): void
    {
        $this->setTime($issuedAt);
        $this->kept['service'] = ['code' => 'ok', 'at' => $issuedAt, 'why' => null];
        $this->kept['failures'] = 0;
    }

    /** Something answered that is not the service, or not as agreed. It says nothing about the key. */
    private function unbelieved(string $why): string
    {
        // Where the network broke off while the keys were fetched, that is what an administrator should see to.
        if ($this->kept['network']['code'] === 'ok') {
            $this->kept['service'] = ['code' => 'unreachable', 'at' => $this->now(), 'why' => $why];
        }
        $this->countFailure();
        return 'nothing';
    }

    private function countFailure(): void
    {
        $this->kept['failures'] = $this->failuresBefore + 1;
        $this->kept['triedAt'] = $this->now();
        $this->kept['triedWall'] = $this->kept['time']['wall'];
    }

    /**
     * Asks once. Whatever is not a JSON object is no answer of the portal: a proxy's page, a captive portal's redirect, a
     * bot check. The network and the service are kept apart: only where nothing answered is it the network.
     */
    private function ask(string $method, string $path, ?array $body = null, array $headers = []): ?array
    {
        $this->notFound = false;
        [$status, $text, $why] = $this->exchange($method, $path, $body, $headers);
        if ($status === 0) {
            $this->kept['network'] = ['code' => 'unreachable', 'at' => $this->now(), 'why' => $why];
            $this->kept['service'] = ['code' => 'unasked', 'at' => $this->now(), 'why' => null];
            $this->countFailure();
            return null;
        }
        $this->kept['network'] = ['code' => 'ok', 'at' => $this->now(), 'why' => null];
        $json = $why === null ? self::objectOf($text) : null;
        if ($json === null) {
            $this->unbelieved(($why ?? 'not_json') . ' ' . $status);
        }
        $this->notFound = $status === 404 && $json !== null && !isset($json['signed']);
        return $json;
    }

    /** @return array the status (0: nothing answered), the text, and what was wrong. */
    private function exchange(string $method, string $path, ?array $body, array $headers): array
    {
        $text = '';
        $curl = curl_init(rtrim($this->settings['service'] ?? $this->settings['portal'], '/') . $path);
        $present = array_filter($body ?? [], static fn ($value) => $value !== null);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => array_merge(['Accept: application/json', 'Content-Type: application/json'], $headers),
            CURLOPT_TIMEOUT_MS => $this->settings['timeout'] ?? 10000,
            CURLOPT_NOSIGNAL => true,
            // Followed, a redirect would hand the key to whoever asks for it.
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_WRITEFUNCTION => static function ($curl, string $part) use (&$text): int {
                $text .= $part;
                return strlen($text) > self::LONGEST ? 0 : strlen($part);
            },
        ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => json_encode($present, JSON_INVALID_UTF8_SUBSTITUTE)]) + ($this->settings['curl'] ?? []));
        curl_exec($curl);
        $status = (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $refused = (int) curl_getinfo($curl, CURLINFO_HTTP_CONNECTCODE);
        $why = self::reasonOf(curl_errno($curl));
        if (strlen($text) > self::LONGEST) {
            $why = 'too_long';
        } elseif ($status >= 300 && $status < 400) {
            $why = 'redirect';
        } elseif ($status === 0 && $refused >= 400) {
            $why = 'proxy';
        }
        return [$status, $text, $why];
    }

    private static function reasonOf(int $error): ?string
    {
        $reasons = [0 => null, 5 => 'dns', 6 => 'dns', 28 => 'timeout'];
        $tls = [35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98];
        if (array_key_exists($error, $reasons)) {
            return $reasons[$error];
        }
        return in_array($error, $tls, true) ? 'tls' : 'connection';
    }

    // Signed statements

    /**
     * The kept lease or offline file, verified anew: what lies in storage is believed as little as an answer. Where its key
     * has been dropped since, what was verified when it came still holds: nothing new is believed of that key, but this
     * GLPI has done nothing wrong.
     */
    private function lease(): ?array
    {
        if ($this->kept['lease'] === null) {
            return null;
        }
        $lease = $this->readKeptLease($this->keySet());
        $before = $this->kept['leaseKeySet'];
        if ($lease !== null || $before === null || $before === $this->kept['keySet']) {
            return $lease;
        }
        $lease = $this->readKeptLease($this->verifyKeySet($before));
        if ($lease !== null && $lease['online']) {
            // It may be what a thief has signed: it ends with the longest grace there is.
            $longest = $lease['issuedAt'] + self::LONGEST_GRACE * self::DAY;
            $lease['graceUntil'] = min($lease['graceUntil'], $longest);
        }
        return $lease;
    }

    /** Keeps a lease or offline file that has been verified, with the keys that it was verified by. */
    private function keepLease(string $text): void
    {
        $this->kept['lease'] = $text;
        $this->kept['leaseKeySet'] = $this->kept['keySet'];
    }

    private function readKeptLease(?array $keySet): ?array
    {
        $keys = $keySet['keys'] ?? [];
        [$claims, $because] = self::open($this->kept['lease'], 'lease+jwt', $keys);
        $online = $because === null;
        if (!$online) {
            [$claims, $because] = self::open($this->kept['lease'], 'offline+jwt', $keys);
        }
        $good = $because === null && $this->wrongClaim($claims, $this->kept['key']) === null;
        $lease = $good ? self::readLease($claims) : null;
        return $lease !== null && $lease['online'] === $online ? $lease : null;
    }

    /** Reads the claims of a lease whose signature is good and that is meant for this client; null: one makes no sense. */
    private static function readLease(array $claims): ?array
    {
        $until = $claims['entitled_until'] ?? null;
        $refresh = $claims['refresh_after'] ?? null;
        $grace = $claims['grace_until'] ?? null;
        $online = self::isTime($refresh) && self::isTime($grace);
        $strings = is_string($claims['sub'] ?? null) && is_string($claims['jti'] ?? null);
        $times = self::isTime($claims['iat'] ?? null) && self::isTime($claims['exp'] ?? null);
        $endings = in_array($claims['on_expiry'] ?? null, self::ENDINGS, true)
            && in_array($claims['on_revocation'] ?? null, self::ENDINGS, true);
        if (!$strings || !$times || !$endings || $claims['exp'] < $claims['iat']) {
            return null;
        }
        $ends = self::isTime($until) || ($online && $until === null && array_key_exists('entitled_until', $claims));
        if (!$ends || (!$online && ($refresh !== null || $grace !== null))) {
            return null;
        }
        $features = $claims['features'] ?? [];
        $until = $online ? $until : min($until, $claims['iat'] + self::LONGEST_FILE * self::DAY);
        return [
            'activation' => $claims['sub'],
            'id' => $claims['jti'],
            'issuedAt' => $claims['iat'],
            'entitledUntil' => $until,
            'online' => $online,
            'refreshAfter' => $refresh,
            'graceUntil' => $grace,
            'onExpiry' => $claims['on_expiry'],
            'onRevocation' => $claims['on_revocation'],
            'features' => is_array($features) ? array_values(array_filter($features, 'is_string')) : [],
        ];
    }

    private static function wrongAnswer(array $claims, bool $granted): ?string
    {
        $code = $claims['code'] ?? null;
        $refuses = ($claims['valid'] ?? null) === false && is_string($code) && preg_match('/^[a-z_]{1,40}$/D', $code)
            && $code !== 'ok' && self::isTime($claims['iat'] ?? null);
        $good = $granted ? self::readLease($claims)['online'] ?? false : $refuses;
        return $good ? null : 'wrong_claims';
    }

    /** What is wrong with a statement: another's, or made for another; null: nothing. */
    private function wrongClaim(array $claims, ?string $key): ?string
    {
        $ours = ($claims['iss'] ?? null) === $this->issuer && ($claims['aud'] ?? null) === $this->settings['product'];
        $mine = ($claims['installation_id'] ?? null) === $this->settings['installationId'];
        $ofKey = $key === null || ($claims['key_sha256'] ?? null) === self::encode(hash('sha256', $key, true));
        return $ours && $mine && $ofKey ? null : 'wrong_claims';
    }

    /** Verifies a statement; where its key is unknown, the list of keys is fetched once. */
    private function verify($statement, string $typ): array
    {
        $checked = $this->read($statement, $typ);
        if ($checked[1] !== 'unknown_kid') {
            return $checked;
        }
        $json = $this->ask('GET', '/.well-known/jwks.json');
        $untrusted = $json === null ? 'no_keys' : $this->adoptKeySet($json['signed'] ?? null);
        return $untrusted === null ? $this->read($statement, $typ) : [[], $untrusted];
    }

    /** Verifies a statement by the keys that are kept. */
    private function read($statement, string $typ): array
    {
        return self::open($statement, $typ, $this->keySet()['keys'] ?? []);
    }

    private function keySet(): ?array
    {
        $text = (string) $this->kept['keySet'];
        if ($this->keySetRead[0] !== $text) {
            $this->keySetRead = [$text, $this->verifyKeySet($text)];
        }
        return $this->keySetRead[1];
    }

    /** Keeps a list of keys that the root has signed; else says what is wrong with it. */
    private function adoptKeySet($text): ?string
    {
        $keySet = $this->verifyKeySet($text);
        if ($keySet === null) {
            return 'untrusted_keys';
        }
        // An older list may hold a key that has been stolen since.
        if ($keySet['version'] < ($this->keySet()['version'] ?? 0)) {
            return 'older_keys';
        }
        $this->kept['keySet'] = $text;
        return null;
    }

    /** Verifies the list of signing keys by the root alone: what the host shows beside it is not believed. */
    private function verifyKeySet($text): ?array
    {
        $root = (string) base64_decode($this->settings['rootPublicKey'], true);
        [$claims, $because] = self::open($text, 'keys+jwt', ['root-' . self::kidOf($root) => $root]);
        $keys = $claims['keys'] ?? null;
        $times = self::isTime($claims['version'] ?? null) && self::isTime($claims['iat'] ?? null);
        if ($because !== null || ($claims['iss'] ?? null) !== $this->issuer || !$times || !is_array($keys)) {
            return null;
        }
        $read = [];
        foreach ($keys as $key) {
            $x = is_array($key) && is_string($key['x'] ?? null) ? self::decode($key['x']) : null;
            $edwards = ($key['kty'] ?? null) === 'OKP' && ($key['crv'] ?? null) === 'Ed25519';
            if ($x === null || strlen($x) !== 32 || !$edwards || ($key['kid'] ?? null) !== self::kidOf($x)) {
                return null;
            }
            $read[$key['kid']] = $x;
        }
        return ['version' => $claims['version'], 'keys' => $read];
    }

    /**
     * Verifies a compact JWS by the keys that are named.
     * @return array its claims, and what is wrong with it; null: nothing.
     */
    private static function open($text, string $typ, array $keys): array
    {
        $parts = is_string($text) && strlen($text) <= self::LONGEST ? explode('.', $text) : [];
        [$head, $body, $signature] = count($parts) === 3 ? array_map([self::class, 'decode'], $parts) : [null, null, null];
        $header = self::objectOf((string) $head);
        $claims = self::objectOf((string) $body);
        if ($header === null || $claims === null || (string) $signature === '') {
            return [[], 'no_signature'];
        }
        $kid = $header['kid'] ?? null;
        // Exactly these three: what a header asks for beyond them (`crit`, `jwk`, `b64`) would be ignored here alone.
        $plain = count($header) === 3 && ($header['alg'] ?? null) === 'EdDSA' && ($header['typ'] ?? null) === $typ;
        if (!$plain || !is_string($kid)) {
            return [[], 'wrong_header'];
        }
        if (!isset($keys[$kid])) {
            return [[], 'unknown_kid'];
        }
        $good = strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES
            && sodium_crypto_sign_verify_detached($signature, $parts[0] . '.' . $parts[1], $keys[$kid]);
        return $good ? [$claims, null] : [[], 'wrong_signature'];
    }

    /** A key's name says what it is made of, so that no two keys share one. */
    private static function kidOf(string $key): string
    {
        return substr(self::encode(hash('sha256', $key, true)), 0, 16);
    }

    private static function encode(string $bytes): string
    {
        return sodium_bin2base64($bytes, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
    }

    /** Reads base64url as it is written by those who write it: another spelling of the same bytes is refused. */
    private static function decode(string $text): ?string
    {
        try {
            $bytes = sodium_base642bin($text, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
            return self::encode($bytes) === $text ? $bytes : null;
        } catch (\SodiumException $error) {
            return null;
        }
    }

    /** Reads a JSON object; null where the text is anything else. */
    private static function objectOf(string $text): ?array
    {
        // A list is an array to PHP as well.
        $value = substr(ltrim($text), 0, 1) === '{' ? json_decode($text, true, 32) : null;
        return is_array($value) ? $value : null;
    }

    /** Whole and not negative, as seconds and versions are. */
    private static function isTime($value): bool
    {
        return is_int($value) && $value >= 0;
    }

    private static function nonce(): string
    {
        return self::encode(random_bytes(16));
    }

    private static function originOf(string $address): string
    {
        $parts = parse_url(trim($address)) ?: [];
        $scheme = strtolower($parts['scheme'] ?? '');
        // The usual port is not named: an origin is written in one way.
        $usual = ['https' => 443, 'http' => 80][$scheme] ?? null;
        $port = isset($parts['port']) && $parts['port'] !== $usual ? ':' . $parts['port'] : '';
        return $scheme . '://' . self::hostOf(strtolower($parts['host'] ?? '')) . $port;
    }

    /** An address of numbers is written in one way as well; a name is expected in ASCII (`xn--…`), as the portal writes it. */
    private static function hostOf(string $host): string
    {
        if (preg_match('/^[0-9.]+$/D', $host)) {
            // No name, so nobody is asked: `127.1` is 127.0.0.1.
            return gethostbyname($host);
        }
        $bytes = $host !== '' && $host[0] === '[' ? inet_pton(trim($host, '[]')) : false;
        if ($bytes === false) {
            return $host;
        }
        $tail = static fn (array $four): string => vsprintf('%x:%x', unpack('n2', (string) inet_pton($four[0])));
        return '[' . preg_replace_callback('/\d+\.\d+\.\d+\.\d+$/D', $tail, (string) inet_ntop($bytes)) . ']';
    }

    private static function pick(array $from, array $names): array
    {
        return array_intersect_key($from, array_flip($names));
    }
}
