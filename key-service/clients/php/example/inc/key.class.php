<?php

use GlpiPlugin\Latchkeyexample\Latchkey\Latchkey;
use GlpiPlugin\Latchkeyexample\Latchkey\LockingStorage;

require_once __DIR__ . '/../Latchkey.php';

/** Keeps the state, which holds the key, encrypted by GLPI's own key. */
final class PluginLatchkeyexampleStorage implements LockingStorage
{
    private const TABLE = 'glpi_plugin_latchkeyexample_states';

    public function load(): ?string
    {
        global $DB;

        foreach ($DB->request(['FROM' => self::TABLE, 'WHERE' => ['id' => 1]]) as $row) {
            $text = (string) (new GLPIKey())->decrypt($row['state']);
            // What another key of GLPI's has encrypted is answered as an empty text, and is something else than nothing.
            return $text === '' && (string) $row['state'] !== '' ? 'cannot be opened' : $text;
        }
        return null;
    }

    public function save(string $text): void
    {
        global $DB;

        $encrypted = (new GLPIKey())->encrypt($text);
        // Where GLPI's key cannot be read, it answers an empty text: what was stored is worth more.
        if ($encrypted !== '') {
            $DB->updateOrInsert(self::TABLE, ['state' => $encrypted], ['id' => 1]);
        }
    }

    /** By a named lock of the database: GLPI's cron and its pages are processes of their own. */
    public function alone(callable $work)
    {
        global $DB;

        // GLPI 11 knows `doQuery` alone, 9.5 `query` alone.
        $run = [$DB, method_exists($DB, 'doQuery') ? 'doQuery' : 'query'];
        // Such locks are the whole server's, which may have the databases of several GLPIs.
        $name = "CONCAT('latchkeyexample ', MD5(DATABASE()))";
        // Who has waited in vain goes on without it: the client looks again before it asks for a place.
        $run("SELECT GET_LOCK($name, 45)");
        try {
            return $work();
        } finally {
            $run("SELECT RELEASE_LOCK($name)");
        }
    }
}

/** The plugin's registration key: asked for each hour, shown on the set-up page, obeyed by the plugin's features. */
class PluginLatchkeyexampleKey extends CommonGLPI
{
    public static function getTypeName($nb = 0)
    {
        return __('Registration key', 'latchkeyexample');
    }

    public static function client(): Latchkey
    {
        global $CFG_GLPI;

        return new Latchkey([
            'portal' => PLUGIN_LATCHKEYEXAMPLE_PORTAL,
            'rootPublicKey' => PLUGIN_LATCHKEYEXAMPLE_ROOT,
            'product' => PLUGIN_LATCHKEYEXAMPLE_PRODUCT,
            'productVersion' => PLUGIN_LATCHKEYEXAMPLE_VERSION,
            'glpiVersion' => GLPI_VERSION,
            'installationId' => self::installationId(),
            'url' => $CFG_GLPI['url_base'] ?? null,
            'curl' => self::proxy(),
        ], new PluginLatchkeyexampleStorage());
    }

    /** The same as GLPI itself sends, so that the portal knows them to be one. GLPI shows it on no page of its own. */
    public static function installationId(): string
    {
        return Config::getUuid('glpi_network');
    }

    /** What came of giving the place back; null: what the set-up page says by itself. */
    public static function givenBackSentence(array $answer): ?string
    {
        if ($answer['freesAt'] === null) {
            return null;
        }
        $sentence = __('The key is used here no more. Another GLPI may use it from %s on.', 'latchkeyexample');
        return sprintf($sentence, self::time($answer['freesAt']));
    }

    /** What an administrator must know who removes the plugin while the portal does not answer; null: nothing. */
    public static function stillTakenSentence(array $state): ?string
    {
        if (!$state['givingBack']) {
            return null;
        }
        return __('The portal could not be told that this GLPI uses the key no more. To use the key in another GLPI, move it there in the portal.', 'latchkeyexample');
    }

    private static function time(int $seconds): string
    {
        return Html::convDateTime(date('Y-m-d H:i:s', $seconds));
    }

    /** What a feature asks. In `read_only` show and export, change nothing; in `trial_mode` see `features`. */
    public static function mayChange(): bool
    {
        return self::client()->state()['entitled'];
    }

    public static function cronInfo($name)
    {
        return ['description' => __('Asks the portal whether the registration key is good', 'latchkeyexample')];
    }

    /** GLPI's cron. Most calls ask nobody: the client knows when its day has come. */
    public static function cronCheckKey($task)
    {
        $before = self::client()->state();
        $state = self::client()->check();
        if ($state['tookOverAt'] !== $before['tookOverAt']) {
            $task->log(self::tookOverSentence($state));
            return 1;
        }
        if ($state['mode'] !== $before['mode']) {
            $task->log(self::sentences($state)['plugin']);
            return 1;
        }
        return 0;
    }

    /** GLPI's own proxy, from Setup > General > System. */
    public static function proxy(): array
    {
        global $CFG_GLPI;

        if (empty($CFG_GLPI['proxy_name'])) {
            return [];
        }
        $options = [CURLOPT_PROXY => $CFG_GLPI['proxy_name'], CURLOPT_PROXYPORT => (int) $CFG_GLPI['proxy_port']];
        if (!empty($CFG_GLPI['proxy_user'])) {
            $password = (new GLPIKey())->decrypt($CFG_GLPI['proxy_passwd']);
            $options[CURLOPT_PROXYUSERPWD] = $CFG_GLPI['proxy_user'] . ':' . $password;
        }
        return $options;
    }

    /** What an administrator reads: how the plugin works, then key, network and service, each by itself. */
    public static function sentences(array $state): array
    {
        $until = $state['until'] === null ? '' : self::time($state['until']);
        $modes = [
            'full' => __('The plugin works.', 'latchkeyexample'),
            'grace' => sprintf(__('The plugin works until %s. See below what to do before.', 'latchkeyexample'), $until),
            'read_only' => __('The plugin shows and exports what is there, and changes nothing. GLPI goes on.', 'latchkeyexample'),
            'trial_mode' => __('Only the free features of the plugin work. GLPI goes on.', 'latchkeyexample'),
            'disabled' => __('The plugin is off. GLPI goes on, and nothing is lost.', 'latchkeyexample'),
        ];
        return [
            'plugin' => $modes[$state['mode']],
            'key' => self::keySentence($state),
            'network' => self::networkSentence($state['network']),
            'service' => self::serviceSentence($state['service']),
        ];
    }

    /** What is said of a key that has just been entered, which is taken only where it works or nothing else does. */
    public static function enteredSentence(array $state): string
    {
        if ($state['service']['code'] !== 'ok') {
            $sentence = __('There was no answer about it. See below.', 'latchkeyexample');
            if ($state['entitled']) {
                return $sentence . ' ' . __('What worked before goes on; enter it again later.', 'latchkeyexample');
            }
            return $sentence . ' ' . ($state['startedAnew']
                ? __('Enter it again later.', 'latchkeyexample')
                : __('It is asked about again, without your doing.', 'latchkeyexample'));
        }
        $sentence = self::verdictSentence($state['key']);
        $goesOn = $state['entitled'] && $state['key']['code'] !== 'ok';
        return $goesOn ? $sentence . ' ' . __('What worked before goes on.', 'latchkeyexample') : $sentence;
    }

    private static function keySentence(array $state): string
    {
        if ($state['startedAnew']) {
            return __('What was stored cannot be opened: it is damaged, or GLPI has another key (config/glpicrypt.key) than before. Put that one back, or enter the registration key once more.', 'latchkeyexample');
        }
        if ($state['key'] === null) {
            return $state['offline'] ? self::fileSentence($state) : __('No answer about a key yet.', 'latchkeyexample');
        }
        $sentence = self::verdictSentence($state['key']);
        return $state['tookOverAt'] === null ? $sentence : $sentence . ' ' . self::tookOverSentence($state);
    }

    /** Nobody pasted it, so somebody may look for it in vain among what was pasted. */
    private static function tookOverSentence(array $state): string
    {
        $taken = __('The key was renewed. The plugin has taken the new one over by itself on %s.', 'latchkeyexample');
        return sprintf($taken, self::time($state['tookOverAt']));
    }

    private static function fileSentence(array $state): string
    {
        return $state['until'] === null
            ? __('The offline file is over. Fetch another one in the portal, for the installation ID below.', 'latchkeyexample')
            : sprintf(__('An offline file is used. It works until %s.', 'latchkeyexample'), self::time($state['until']));
    }

    /** Why an offline file was not taken, and what to do; it says nothing about the key. */
    public static function refusedFileSentence(string $refused): string
    {
        $none = __('This is no whole offline file. Fetch it anew in the portal.', 'latchkeyexample');
        $changed = __('This offline file is of another portal, or was changed on its way. Fetch it anew in the portal.', 'latchkeyexample');
        $sentences = [
            'over' => __('This offline file has ended. Fetch a new one in the portal.', 'latchkeyexample'),
            'wrong_claims' => __('This offline file is for another GLPI, another key or another plugin.', 'latchkeyexample'),
            'unknown_kid' => __('The portal has since dropped the key that signed this offline file. Fetch the file anew in the portal.', 'latchkeyexample'),
            'untrusted_keys' => $changed,
            'wrong_signature' => $changed,
            'no_signature' => $none,
            'wrong_header' => $none,
            'no_offline_file' => $none,
        ];
        return $sentences[$refused] ?? $none;
    }

    private static function verdictSentence(array $key): string
    {
        $sentences = [
            'ok' => __('The key is good.', 'latchkeyexample'),
            'malformed' => __('This is no registration key, or it was changed on its way. The page of the portal says where.', 'latchkeyexample'),
            'unknown' => __('The portal does not know this key. Copy it from the portal once more.', 'latchkeyexample'),
            'wrong_product' => __('This key belongs to another plugin.', 'latchkeyexample'),
            'wrong_kind' => __('A key of this kind is not accepted here.', 'latchkeyexample'),
            'not_started' => __('This key is not valid yet.', 'latchkeyexample'),
            'expired' => __('This key has ended. The portal says how to go on.', 'latchkeyexample'),
            'revoked' => __('This key has been revoked. The portal says why, and whom to ask.', 'latchkeyexample'),
            'bound_elsewhere' => __('This key belongs to another GLPI. Move it in the portal.', 'latchkeyexample'),
        ];
        $sentence = $sentences[$key['code']] ?? __('The portal refuses this key.', 'latchkeyexample');
        if ($key['refusalCode'] !== null) {
            $sentence .= ' ' . sprintf(__('Code for the portal: %s', 'latchkeyexample'), $key['refusalCode']);
        }
        return $sentence;
    }

    private static function networkSentence(array $network): string
    {
        $reasons = [
            'dns' => __('The name of the portal is not found (DNS).', 'latchkeyexample'),
            'tls' => __('There is no trusted connection to the portal (TLS, or a proxy that opens it).', 'latchkeyexample'),
            'timeout' => __('The portal cannot be reached: no answer in time.', 'latchkeyexample'),
            'proxy' => __('The proxy does not let GLPI through to the portal.', 'latchkeyexample'),
        ];
        $usual = __('The portal cannot be reached: the connection fails.', 'latchkeyexample');
        if ($network['code'] === 'unasked') {
            return __('Not tried yet.', 'latchkeyexample');
        }
        return $network['code'] === 'ok' ? __('Works.', 'latchkeyexample') : $reasons[$network['why']] ?? $usual;
    }

    private static function serviceSentence(array $service): string
    {
        $sentences = [
            'ok' => __('Answers.', 'latchkeyexample'),
            'unasked' => __('Not asked.', 'latchkeyexample'),
            'unreachable' => __('Something else answers in its place, or it is out of order. This says nothing about the key.', 'latchkeyexample'),
        ];
        $why = (string) $service['why'];
        if ($why === 'secret_needed') {
            return __('The portal needs the secret that came with the first answer to this GLPI. Whoever manages the key can free its place in the portal.', 'latchkeyexample');
        }
        if (strpos($why, 'invalid_input ') === 0) {
            $sentence = __('The portal cannot read what this plugin sends: %s. This says nothing about the key.', 'latchkeyexample');
            return sprintf($sentence, substr($why, strlen('invalid_input ')));
        }
        return $sentences[$service['code']] . ($why === '' ? '' : ' (' . $why . ')');
    }
}
