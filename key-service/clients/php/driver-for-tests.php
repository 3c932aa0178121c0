<?php

/* Runs the client for the tests: a call per line on standard input, its answer per line on standard output. */

require __DIR__ . '/Latchkey.php';

final class GivenClock extends Latchkey\Clock
{
    public array $given = [];

    public function now(): int
    {
        return $this->given['wall'];
    }

    public function steady(): ?array
    {
        return $this->given['steady'];
    }
}

final class GivenStorage implements Latchkey\Storage
{
    public ?string $text = null;
    /** What another process writes after the first reading. */
    public ?string $meanwhile = null;

    public function load(): ?string
    {
        $found = $this->text;
        $this->text = $this->meanwhile ?? $found;
        $this->meanwhile = null;
        return $found;
    }

    public function save(string $text): void
    {
        $this->text = $text;
    }
}

// A notice is a fault of the client: it would stand in the log of every GLPI.
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});

while (($line = fgets(STDIN)) !== false) {
    $given = json_decode($line, true);
    $clock = new GivenClock();
    $clock->given = $given;
    $storage = new GivenStorage();
    $storage->text = $given['stored'];
    $storage->meanwhile = $given['meanwhile'] ?? null;
    $client = new Latchkey\Latchkey($given['settings'], $storage, $clock);
    $verb = $given['verb'];
    $answered = $verb === 'checkNow' ? $client->check(true) : $client->$verb(...array_map('base64_decode', $given['texts']));
    if (!in_array($verb, ['giveBack', 'useOfflineFile'], true)) {
        $answered = ['state' => $answered];
    }
    echo json_encode(['answered' => $answered, 'stored' => $storage->text]), "\n";
}
