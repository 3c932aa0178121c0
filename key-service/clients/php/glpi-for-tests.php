<?php

/*
 * As much of GLPI as the sample plugin calls, for its test: `php glpi-for-tests.php FOLDER DEED [NAME=VALUE …]`, where
 * FOLDER has the plugin, and the database as a JSON file. It lacks everything else: rights, pages, events, real SQL.
 */

define('GLPI_ROOT', __DIR__);
define('GLPI_VERSION', '11.0.2');
define('UPDATE', 2);
define('INFO', 0);
define('ERROR', 1);
define('WARNING', 2);
define('HOUR_TIMESTAMP', 3600);
[, $folder, $deed] = $argv;
$PLUGIN_HOOKS = [];
$CFG_GLPI = ['url_base' => 'https://glpi.example', 'proxy_name' => '', 'proxy_port' => ''];

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});

function __(string $text, string $domain): string
{
    return $text;
}

class CommonGLPI
{
}

class Plugin
{
    public static function registerClass(string $name): void
    {
    }
}

class Session
{
    public static function haveRight(string $name, int $right): bool
    {
        return $name === 'config' && $right === UPDATE;
    }

    public static function checkRight(string $name, int $right): void
    {
        echo "[right $name]";
    }

    public static function addMessageAfterRedirect(string $message, bool $once, int $level): void
    {
        echo "[message $message]";
    }
}

class Html
{
    public static function header(string $title): void
    {
        echo "[header $title]";
    }

    public static function footer(): void
    {
        echo '[footer]';
    }

    public static function closeForm(): void
    {
        echo '<input type="hidden" name="_glpi_csrf_token" value="x"></form>';
    }

    public static function back(): void
    {
        echo '[back]';
        exit;
    }

    public static function convDateTime(string $time): string
    {
        return $time;
    }
}

class Config
{
    public static function getUuid(string $type): string
    {
        return "uuid-of-$type";
    }
}

class CronTask
{
    public const MODE_EXTERNAL = 2;

    public static function register(string $class, string $name, int $seconds, array $options): bool
    {
        echo "[cron $class $name $seconds]";
        return true;
    }

    public static function unregister(string $plugin): void
    {
        echo "[no cron of $plugin]";
    }

    public function log(string $text): void
    {
        echo "[log $text]";
    }
}

class GLPIKey
{
    /** As GLPI's `config/glpicrypt.key`. */
    private string $key;

    public function __construct()
    {
        global $folder;

        $this->key = (string) file_get_contents("$folder/glpicrypt.key");
    }

    public function encrypt(string $text): string
    {
        $nonce = random_bytes(SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);
        return base64_encode($nonce . sodium_crypto_secretbox($text, $nonce, $this->key));
    }

    public function decrypt(string $text): string
    {
        $bytes = base64_decode($text);
        $nonce = substr($bytes, 0, SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);
        // With another key an empty text, as GLPI answers.
        return (string) sodium_crypto_secretbox_open(substr($bytes, strlen($nonce)), $nonce, $this->key);
    }
}

class GivenDatabase
{
    private string $file;
    private $held = null;

    public function __construct(string $folder)
    {
        $this->file = "$folder/database.json";
    }

    public function tableExists(string $name): bool
    {
        return file_exists($this->file);
    }

    public function doQuery(string $statement): bool
    {
        if (preg_match('/^SELECT (GET|RELEASE)_LOCK\(/', $statement, $found)) {
            return $this->lock($found[1] === 'GET');
        }
        if (strpos($statement, 'DROP TABLE') === 0) {
            return unlink($this->file);
        }
        return strpos($statement, 'CREATE TABLE') === 0 && file_put_contents($this->file, '[]') !== false;
    }

    /** MySQL's named lock is the session's; one stands for all names. */
    private function lock(bool $wanted): bool
    {
        $this->held = $this->held ?? fopen($this->file . '.lock', 'c');
        return flock($this->held, $wanted ? LOCK_EX : LOCK_UN);
    }

    public function request(array $query): array
    {
        return json_decode(file_get_contents($this->file), true);
    }

    public function updateOrInsert(string $table, array $values, array $where): bool
    {
        return file_put_contents($this->file, json_encode([$values + $where])) !== false;
    }
}

$DB = new GivenDatabase($folder);
foreach (array_slice($argv, 3) as $field) {
    [$name, $value] = explode('=', $field, 2);
    $_POST[$name] = $value;
}
if (file_exists("$folder/uploaded.json")) {
    $_FILES['offline_file'] = ['tmp_name' => "$folder/uploaded.json"];
}
$_SERVER['PHP_SELF'] = '/plugins/latchkeyexample/front/config.form.php';

require "$folder/setup.php";
require "$folder/hook.php";
require "$folder/inc/key.class.php";
plugin_init_latchkeyexample();

switch ($deed) {
    case 'init':
        echo json_encode([$PLUGIN_HOOKS, plugin_version_latchkeyexample()]);
        break;
    case 'install':
        echo plugin_latchkeyexample_install() ? '[installed]' : '[not installed]';
        break;
    case 'uninstall':
        echo plugin_latchkeyexample_uninstall() ? '[uninstalled]' : '[not uninstalled]';
        break;
    case 'cron':
        $name = 'cronCheckKey';
        echo '[did ' . PluginLatchkeyexampleKey::$name(new CronTask()) . ']';
        break;
    case 'may':
        echo PluginLatchkeyexampleKey::mayChange() ? '[may]' : '[may not]';
        break;
    case 'document':
        require "$folder/document.php";
        break;
    default:
        require "$folder/front/config.form.php";
}
