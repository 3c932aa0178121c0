// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are the shell’s own
/*
 * The connectivity test that an administrator runs on a GLPI server: for a shell, and for PowerShell. It asks the portal
 * what time it is, as GLPI would, and prints one line (lib/activations/connectivity.ts reads it). A GLPI's own proxy
 * stands in its database, which a test must not open: HTTPS_PROXY says it.
 */

/**
 * By curl alone, for any POSIX shell. No single quote may stand in it: it is put between two. What failed, curl's exit
 * code tells, and where it ran out of time, which of its stages has none.
 */
const shellLines = [
  'u=$1/api/v1/time; p=${HTTPS_PROXY:-${https_proxy:-${HTTP_PROXY:-${http_proxy:-}}}};',
  'command -v curl >/dev/null || { echo "latchkey-test v1 curl=missing"; exit 1; };',
  'dns=ok; tcp=ok; tls=ok; proxy=none; answer=none; clock=unknown;',
  'if [ "$p" ]; then proxy=ok; dns=skip; tcp=skip; fi;',
  'ask() { curl -s -m 20 --connect-timeout 10 ${p:+-x "$p"} "$@"',
  '-w "~~%{time_namelookup} %{time_connect} %{time_appconnect} %{http_connect} %{http_code}" "$u"; };',
  'none() { case $1 in *[1-9]*) return 1;; esac; };',
  'o=$(ask); c=$?; set -- ${o##*~~}; name=$1; connect=$2; secure=$3; tunnel=$4; http=$5; o=${o%~~*};',
  'case $c in 0) ;; 5) proxy=name;; 6) dns=fail;;',
  '7) if [ "$p" ]; then proxy=connect; else tcp=refused; fi;;',
  '28) if none $name; then if [ "$p" ]; then proxy=name; else dns=fail; fi;',
  'elif none $connect; then if [ "$p" ]; then proxy=connect; else tcp=timeout; fi;',
  'elif none $secure; then tls=fail; fi;;',
  '51|60) tls=cert;; 97) proxy=refused;;',
  '*) if [ "$p" ] && [ "$tunnel" = 407 ]; then proxy=auth;',
  'elif [ "$p" ] && [ "$tunnel" != 000 ] && [ "$tunnel" != 200 ]; then proxy=refused;',
  'elif none $secure; then tls=fail; fi;; esac;',
  'case $u in http:*) tls=none;; esac;',
  'case $proxy in none|ok) ;; *) tls=skip;; esac; [ $dns = fail ] && tcp=skip;',
  'case $tcp in ok|skip) ;; *) tls=skip;; esac; [ $dns = fail ] && tls=skip;',
  // With the wrong time no certificate is good: the clock is read nevertheless, and nothing else is believed.
  'if [ $tls = cert ]; then t=$(ask -k); else t=$o;',
  'case $o in "") ;; *"\\"time\\":\\""*) answer=ok;; *"<"[hH!]*) answer=html;; *) answer=other;; esac; fi;',
  't=${t#*\\"time\\":\\"}; case $t in [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*)',
  'set -- $(printf %s "$t" | cut -c1-19 | sed "s/[T:-]/ /g"); y=$1; m=${2#0};',
  'if [ $m -lt 3 ]; then y=$((y-1)); m=$((m+12)); fi;',
  'd=$((365*y+y/4-y/100+y/400+(153*(m-3)+2)/5+${3#0}-719469));',
  'clock=$(($(date -u +%s)-(d*86400+${4#0}*3600+${5#0}*60+${6#0})));',
  'case $clock in -*) ;; *) clock=+$clock;; esac; clock=${clock}s;; esac;',
  'echo "latchkey-test v1 dns=$dns tcp=$tcp tls=$tls proxy=$proxy http=$http answer=$answer clock=$clock"',
]

/** For Windows PowerShell 5.1 and later. No single quote but its own stands in it, since an address has none. */
const powerShellLines = [
  "$u=[Uri]'PORTAL/api/v1/time'; $p=@($env:HTTPS_PROXY,$env:HTTP_PROXY | Where-Object {$_})[0];",
  "$dns='ok'; $tcp='ok'; $tls='ok'; $proxy='none'; $http='000'; $answer='none'; $clock='unknown'; $o='';",
  '[Net.ServicePointManager]::SecurityProtocol=[Net.ServicePointManager]::SecurityProtocol -bor 3072;',
  "if($p){ $dns='skip'; $tcp='skip'; $proxy='ok' } else {",
  "try { [void][Net.Dns]::GetHostAddresses($u.Host) } catch { $dns='fail'; $tcp='skip'; $tls='skip' };",
  "if($dns -eq 'ok'){ $c=New-Object Net.Sockets.TcpClient;",
  "try { if(-not $c.ConnectAsync($u.Host,$u.Port).Wait(10000)){ $tcp='timeout'; $tls='skip' } }",
  "catch { $tcp='refused'; $tls='skip' } };",
  "if($tcp -eq 'ok' -and $u.Scheme -eq 'https'){",
  'try { (New-Object Net.Security.SslStream($c.GetStream())).AuthenticateAsClient($u.Host) }',
  'catch { $e=$_.Exception; while($e.InnerException){ $e=$e.InnerException };',
  "if($_.Exception.ToString() -match 'AuthenticationException'){ $tls='cert' } else { $tls='fail' } } } };",
  "if($u.Scheme -eq 'http'){ $tls='none' };",
  "if($dns -ne 'fail' -and $tcp -in 'ok','skip' -and $tls -in 'ok','none'){",
  '$a=@{Uri=$u; UseBasicParsing=$true; TimeoutSec=20}; if($p){ $a.Proxy=$p };',
  'try { $r=Invoke-WebRequest @a; $http=[int]$r.StatusCode; $o=[string]$r.Content }',
  'catch { if($_.Exception.Response){ $http=[int]$_.Exception.Response.StatusCode };',
  "$m=$_.Exception.ToString(); if($m -match 'ProxyNameResolution'){ $proxy='name' }",
  "elseif($m -match '407'){ $proxy='auth' } elseif($p -and $m -match 'ConnectFailure|SocketException'){ $proxy='connect' }",
  "elseif($p -and $http -eq '000'){ $proxy='refused' } } };",
  "if($o){ $answer='other' }; if($o -match '<[hH!]'){ $answer='html' };",
  'if($o -match \'"time":"([^"]{19,30})"\'){',
  "$answer='ok'; $s=[int]([DateTimeOffset]::UtcNow-[DateTimeOffset]::Parse($Matches[1])).TotalSeconds;",
  "$clock='{0:+0;-0;+0}s' -f $s };",
  '"latchkey-test v1 dns=$dns tcp=$tcp tls=$tls proxy=$proxy http=$http answer=$answer clock=$clock"',
]

/**
 * The test as one command each, to be copied.
 * @param portal the address that a GLPI asks, such as `https://portal.example.com`
 */
export function connectivityCommands(portal: string): { shell: string; powerShell: string } {
  return {
    shell: `sh -c '${shellLines.join(' ')}' sh ${portal}`,
    powerShell: `& { ${powerShellLines.join(' ').replace('PORTAL', portal)} }`,
  }
}
