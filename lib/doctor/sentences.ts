/** What the doctor says, in both languages: what is, and what to do about it ("" where there is nothing to do). */

import type { Language } from "../alarm/language.ts";

type Said = { readonly says: string; readonly fix: string };

const said = (says: string, fix = ""): Said => ({ says, fix });

const EN = {
  keysGood: (count: string) => said(`${count} key files, readable by their owner only`),
  keyMissing: (path: string, command: string) => said(`"${path}" is missing`, `Restore the keys from a copy, or make new ones: ${command}`),
  keyOpen: (path: string, mode: string) => said(`"${path}" has mode ${mode}: others can read it, so it is not used`, `chmod 600 "${path}"`),
  keyForeign: (path: string) => said(`"${path}" belongs to another user`, `Give it to the user that runs Gapbell: chown and chmod 600 "${path}"`),
  keyUnreadable: (path: string) => said(`"${path}" cannot be read`, `Run the doctor as the user that runs Gapbell, or as root`),
  keysBroken: (why: string) => said(why, "Restore the keys from a copy, or join again with a new invite"),

  agentRuns: () => said("The agent runs and answers"),
  agentAway: (why: string) => said(`The agent does not run here: ${why}`, "Start it: gapbell-agent run (or systemctl start gapbell-agent)"),
  listenerRuns: (version: string) => said(`The listener runs (version ${version})`),
  listenerAway: () => said("No listener runs here: what follows was tried by the doctor itself"),
  listenerOld: (running: string, here: string) => said(`The listener that runs is version ${running}, this program is ${here}`, "Start the listener again, so that the new version runs"),

  interfaceUsed: (name: string, address: string, kind: string) => said(`${name} ${address} (${kind}) is used`),
  interfaceSkipped: (name: string, address: string, why: string) => said(`${name}${address === "" ? "" : ` ${address}`} is not used: ${why}`),
  interfacesNone: (down: string) => said(
    down === "" ? "No interface of a LAN is up and has an IPv4 address" : `No interface of a LAN is up: ${down}`,
    down === "" ? "Give this host an address on the cluster's LAN, or name the interface in the configuration (lan.interfaces)" : "Plug the cable in, join the Wi-Fi, or bring the interface up (ip link set … up)",
  ),
  interfaceMute: (name: string) => said(`${name} can carry no broadcast (a tunnel, or point to point)`, "Listeners behind it are reached by unicast only: name the agent in their client.yaml (agents:), or use an interface of the LAN"),

  portFree: (port: string) => said(`${port} is free`),
  portOurs: (port: string, who: string) => said(`${port} is held by ${who === "" ? "another program that shares it" : who}`),
  portTaken: (port: string, who: string) => said(`${port} is taken by ${who === "" || who === "?" ? "another user's program" : who}`, `Stop that program, or choose another port on all hosts of the cluster`),
  portForbidden: (port: string) => said(`${port} may not be opened by this user`, "Choose a port above 1023, or run as a user that may open it"),

  tunnelNone: () => said("The way to the agent leads through no tunnel"),
  tunnelSwallows: (host: string, name: string) => said(`What is sent to ${host} goes into the tunnel ${name} (a VPN), while broadcasts leave by the LAN`, "Leave the VPN, or have it leave the cluster's subnet alone (split tunnel, allow local LAN)"),
  tunnelCarries: (host: string, name: string) => said(`What is sent to ${host} goes through the tunnel ${name}, and is answered`, "Broadcasts do not come through a tunnel: have the VPN leave the cluster's subnet alone"),

  netmaskFits: (host: string, name: string) => said(`${host} is in the subnet of ${name}`),
  netmaskWrong: (host: string, name: string, subnet: string) => said(`${host} hears the broadcasts of ${name}, but ${name} says that its subnet is ${subnet}, which does not hold ${host}: the netmask is wrong here or there`, `Give ${name} the netmask that the agent's host has`),
  elsewhere: (host: string, subnets: string) => said(`${host} is in none of this host's subnets (${subnets}), and nothing is heard of it`, "This host is not on the cluster's LAN, or its address or netmask is wrong"),
  routed: (host: string) => said(`${host} is in another subnet and reached through a router: broadcasts do not come from there`),
  listenerOutside: (operator: string, host: string) => said(`The listener of ${operator} at ${host} is in none of the subnets here: broadcasts may not reach it, unicasts do`),

  firewallOpen: (how: string) => said(`No rule here stands in the way (${how})`),
  firewallUnsure: () => said("The rules of the firewall cannot tell for certain; what was tried decides"),
  firewallUnread: () => said("The firewall's rules could not be read (that takes root, and nft or iptables-save); what was tried decides"),
  firewallDropsAll: (name: string, port: string, how: string) => said(`This host's firewall drops what comes in on ${name}, answers included (${how})`, `Let in on ${name} what belongs to established connections, and UDP to port ${port}`),
  firewallDropsBroadcast: (name: string, port: string, how: string) => said(`This host's firewall drops broadcasts that come in on ${name} (${how}): alarms come late, by unicast only`, `Let UDP port ${port} in on ${name}`),
  firewallDropsHello: (name: string, port: string, how: string) => said(`This host's firewall drops what listeners say to UDP port ${port} on ${name} (${how})`, `Let UDP port ${port} in on ${name}`),
  firewallStopsOut: (name: string, how: string) => said(`This host's firewall stops broadcasts that leave by ${name} (${how})`, "Let UDP out to the broadcast port"),

  agentRefuses: (host: string, port: string) => said(`${host} is there, but nothing listens on its UDP port ${port}`, "Start the agent there: gapbell-agent run"),
  agentGone: (host: string) => said(`${host} does not even tell its hardware address (ARP)`, "Is that host running, and its cable in? Has its address changed?"),
  agentMute: (host: string) => said(`${host} is there, but does not answer`, "A firewall on that host may drop UDP: run gapbell-agent doctor there"),
  agentThere: (name: string, host: string) => said(`Agent ${name} is there (${host})`),

  isolated: (host: string, name: string) => said(`Other hosts are seen on ${name}, ${host} is not: possible isolation of stations from each other by the access point`, "Switch client isolation (AP isolation) off for this Wi-Fi, or use a cable"),
  isolatedWired: (host: string, name: string) => said(`Other hosts are seen on ${name}, ${host} is not: possible port isolation in the switch (private VLAN), or that host is off`, "Look whether the agent's host runs; then whether the switch isolates its port"),

  loopHeard: (name: string) => said(`Our own broadcast on ${name} is heard`),
  loopLost: (name: string) => said(`Our own broadcast on ${name} is not heard by a second socket here`, "Something on this host drops it: look at its firewall"),
  loopUnsent: (name: string, why: string) => said(`No broadcast can be sent on ${name}: ${why}`, "Look at the interface: ip addr, ip route"),
  broadcastAnswered: (name: string, agents: string) => said(`A broadcast on ${name} is answered by ${agents}`),
  broadcastSilent: (name: string) => said(`Nobody answers a broadcast on ${name}`, "Is this the cluster's LAN, and does its agent run?"),
  broadcastKept: (name: string) => said(`The firewall here keeps answers to a broadcast on ${name} out; broadcasts themselves come in`),
  broadcastHalf: (name: string, host: string) => said(
    `${host} answers a unicast, but no broadcast on ${name} is answered: broadcasts are lost on the way, or a strict firewall here keeps the answers out`,
    "Look whether the switch or access point filters broadcasts; alarms come late until it does not",
  ),
  beaconsHeard: (name: string, ago: string) => said(`The running listener heard a broadcast of agent ${name} ${ago} ago`),
  beaconsAwaited: (name: string) => said(`The running listener awaits the first broadcast of agent ${name}`),
  beaconsLost: (name: string, since: string) => said(
    `Agent ${name} is reached, but the running listener has heard no broadcast of it for ${since}: alarms come late, by unicast only`,
    "Look whether the switch or access point filters broadcasts, or a firewall here does",
  ),
  agentHears: (name: string) => said(`The agent hears broadcasts on ${name} and answers`),
  agentHearsNot: (name: string) => said(`The running agent does not hear a broadcast on ${name}`, "Does lan.interfaces in agent.yaml leave that interface out? Start the agent again"),

  roadUdp: (name: string) => said(`Alarms of agent ${name} come by UDP; TCP is open as well`),
  roadUdpAlone: (name: string) => said(`Alarms of agent ${name} come by UDP; where UDP is blocked nothing else would lead there: TCP does not answer`),
  roadTcp: (host: string) => said(`UDP is blocked between here and ${host}; alarms come by TCP`, "Let UDP 11114 and 11115 pass on the way and on both hosts (gapbell-agent doctor there looks at its firewall); until then TCP carries everything"),

  unicastAnswered: (host: string) => said(`${host} answers a unicast`),
  unicastSilent: (host: string) => said(`${host} does not answer a unicast`, "Run gapbell-agent doctor on that host: its firewall may drop UDP"),
  unicastUnreachable: (host: string) => said(`There is no way to ${host}`, "Give this host an address on the cluster's LAN, or a route to it"),
  unicastUntried: () => said("No address of an agent is known: only a broadcast could be tried"),

  notJoined: () => said("This listener has not joined a cluster", "By approval: gapbell-client join --approve. With an invite: gapbell-client join"),
  welcomed: (name: string, how: string) => said(`Agent ${name} welcomes this listener (${how})`),
  helloUnanswered: (name: string) => said(`Agent ${name} answers strangers, but not this listener: it was revoked, or the agent's database was lost`, "Look at gapbell-agent listeners; then ask for a new invite: gapbell-client join --anew"),
  helloUntried: (name: string, why: string) => said(`Whether agent ${name} welcomes this listener was not tried: ${why}`),
  kidKnown: (kid: string) => said(`The group key is the agent's present one (${kid})`),
  kidOther: (ours: string, theirs: string) => said(`The agent uses group key ${theirs}, this listener joined with ${ours}: the running listener is given the present one`),
  anotherCluster: (names: string) => said(`Another cluster is heard here: ${names}`),

  versionsFit: (name: string) => said(`Agent ${name} speaks our version of the protocol`),
  versionsApart: (name: string, theirs: string, ours: string) => said(`Agent ${name} speaks versions ${theirs} of the protocol, this program ${ours}`, "Install the same release on both"),

  clockFits: (name: string) => said(`The clocks of agent ${name} and of this host agree`),
  clockApart: (name: string, apart: string) => said(`The clocks of agent ${name} and of this host are ${apart} apart: times shown to people are wrong`, "Set the clocks (timedatectl); inside the room by an NTP server of its own"),

  listenersHeard: (count: string, who: string) => said(`${count} listeners are heard now: ${who}`),
  peerHeard: (name: string, address: string) => said(`Agent ${name} of this cluster is heard (${address})`),
  peerSilent: (name: string, address: string, last: string) => said(
    `Agent ${name} of this cluster is not heard${last === "" ? "" : ` since ${last}`}: this one rings alone`,
    `Is "gapbell-agent run" running there${address === "" ? "" : ` (${address} was its last address)`}? Where broadcasts do not reach, name it by agents: in agent.yaml on both hosts`,
  ),
  listenersSilent: (count: string, last: string) => said(`${count} listeners have joined, none is heard now${last === "" ? "" : `; the last one was heard ${last}`}`),
  listenersNone: () => said("No listener has joined: an alarm rings nowhere on the LAN", "gapbell-agent invite --operator NAME, then gapbell-client join on the laptop"),

  relayNone: () => said("No relay has been joined: nobody outside is told", "On the jump host: gapbell-relay invite; here: gapbell-agent join-relay"),
  relaySilent: (why: string) => said(`The relay does not answer: ${why}`, "Look at the jump host: does gapbell-relay run there, and does the tunnel stand?"),
  relayAnswers: (when: string) => said(`The relay answers (last ${when})`),
  legDown: (leg: string, why: string) => said(`The jump host's ${leg} leg is down: ${why}`, "Look at the jump host's network: cable, address, route, DNS"),
  legUp: (leg: string) => said(`The jump host's ${leg} leg is up`),
  channelAble: (channel: string) => said(`${channel} can send`),
  channelUnable: (channel: string, why: string) => said(`${channel} cannot send: ${why}`, "On the jump host: gapbell-relay probe"),
  channelsNone: () => said("No channel of the relay can send: nobody outside is told", "Look at the channels on the jump host: gapbell-agent relay --fresh tells why"),

  storeGood: (path: string, free: string) => said(`"${path}" can be written, ${free} are free`),
  storeMissing: (path: string) => said(`"${path}" is not there yet: the first start makes it`),
  storeOpen: (path: string, mode: string) => said(`"${path}" has mode ${mode}: others can read it`, `chmod 600 "${path}"`),
  storeReadOnly: (path: string) => said(`"${path}" cannot be written`, "Its folder and the file must belong to the user that runs Gapbell, on a file system mounted read-write"),
  storeNotOurs: (path: string) => said(`"${path}" is no Gapbell database of this form`, "Move it away, or run the version that wrote it"),
  storeFull: (path: string, free: string) => said(`Only ${free} are free where "${path}" lies`, "Make room: without it no alarm can be taken in"),

  bufferGood: (bytes: string) => said(`The receive buffer may have ${bytes} bytes`),
  bufferSmall: (most: string, asked: string) => said(`The receive buffer may have ${most} bytes, ${asked} are asked for: in a flood more is repeated (sysctl net.core.rmem_max=${asked})`),
} as const;

type Sentences = { readonly [Code in keyof typeof EN]: (...words: Parameters<(typeof EN)[Code]>) => Said };

const ZH: Sentences = {
  keysGood: (count) => said(`${count} 个密钥文件，仅所有者可读`),
  keyMissing: (path, command) => said(`缺少“${path}”`, `从备份恢复密钥，或重新生成：${command}`),
  keyOpen: (path, mode) => said(`“${path}”的权限为 ${mode}：他人可读，因此不被使用`, `chmod 600 "${path}"`),
  keyForeign: (path) => said(`“${path}”属于其他用户`, `改为由运行 Gapbell 的用户所有：chown，并 chmod 600 "${path}"`),
  keyUnreadable: (path) => said(`无法读取“${path}”`, "请以运行 Gapbell 的用户或 root 运行 doctor"),
  keysBroken: (why) => said(`密钥无法使用：${why}`, "从备份恢复密钥，或用新的邀请重新加入"),

  agentRuns: () => said("代理正在运行并有应答"),
  agentAway: (why) => said(`代理未在本机运行：${why}`, "启动代理：gapbell-agent run（或 systemctl start gapbell-agent）"),
  listenerRuns: (version) => said(`监听程序正在运行（版本 ${version}）`),
  listenerAway: () => said("本机没有运行监听程序：以下由 doctor 自行测试"),
  listenerOld: (running, here) => said(`正在运行的监听程序版本为 ${running}，本程序为 ${here}`, "重新启动监听程序，以运行新版本"),

  interfaceUsed: (name, address, kind) => said(`使用 ${name} ${address}（${KINDS_ZH[kind] ?? kind}）`),
  interfaceSkipped: (name, address, why) => said(`不使用 ${name}${address === "" ? "" : ` ${address}`}：${SKIPPED_ZH[why] ?? why}`),
  interfacesNone: (down) => said(
    down === "" ? "没有已启用且带 IPv4 地址的局域网接口" : `没有已启用的局域网接口：${down}`,
    down === "" ? "为本机配置集群局域网的地址，或在配置中指定接口（lan.interfaces）" : "插好网线、连接无线网络，或启用接口（ip link set … up）",
  ),
  interfaceMute: (name) => said(`${name} 不能发送广播（隧道或点对点接口）`, "其后的监听程序只能以单播到达：在其 client.yaml 中写明代理（agents:），或改用局域网接口"),

  portFree: (port) => said(`${port} 空闲`),
  portOurs: (port, who) => said(`${port} 由${who === "" ? "另一程序共享使用" : ` ${who} 使用`}`),
  portTaken: (port, who) => said(`${port} 被${who === "" || who === "?" ? "其他用户的程序" : ` ${who} `}占用`, "停止该程序，或在集群的所有主机上改用其他端口"),
  portForbidden: (port) => said(`当前用户无权打开 ${port}`, "选择大于 1023 的端口，或以有权限的用户运行"),

  tunnelNone: () => said("通往代理的路径不经过隧道"),
  tunnelSwallows: (host, name) => said(`发往 ${host} 的数据进入了隧道 ${name}（VPN），而广播从局域网发出`, "断开 VPN，或让 VPN 不接管集群的子网（分流、允许本地局域网）"),
  tunnelCarries: (host, name) => said(`发往 ${host} 的数据经过隧道 ${name}，并有应答`, "广播不会经过隧道：请让 VPN 不接管集群的子网"),

  netmaskFits: (host, name) => said(`${host} 位于 ${name} 的子网内`),
  netmaskWrong: (host, name, subnet) => said(`${host} 能听到 ${name} 的广播，但 ${name} 的子网是 ${subnet}，不包含 ${host}：两端之一的子网掩码有误`, `将 ${name} 的子网掩码设为与代理主机相同`),
  elsewhere: (host, subnets) => said(`${host} 不在本机的任何子网内（${subnets}），也听不到它`, "本机不在集群的局域网内，或其地址、子网掩码有误"),
  routed: (host) => said(`${host} 位于其他子网，经路由器到达：听不到其广播`),
  listenerOutside: (operator, host) => said(`${operator} 的监听程序（${host}）不在本机的任何子网内：广播可能到不了，单播可以`),

  firewallOpen: (how) => said(`本机没有规则阻挡（${RULES_ZH[how] ?? how}）`),
  firewallUnsure: () => said("仅凭防火墙规则无法确定，以实际测试为准"),
  firewallUnread: () => said("无法读取防火墙规则（需要 root，以及 nft 或 iptables-save），以实际测试为准"),
  firewallDropsAll: (name, port, how) => said(`本机防火墙丢弃从 ${name} 进入的数据，包括应答（${RULES_ZH[how] ?? how}）`, `在 ${name} 上放行已建立的连接，以及 UDP 端口 ${port}`),
  firewallDropsBroadcast: (name, port, how) => said(`本机防火墙丢弃从 ${name} 进入的广播（${RULES_ZH[how] ?? how}）：告警只能以单播到达，会延迟`, `在 ${name} 上放行 UDP 端口 ${port}`),
  firewallDropsHello: (name, port, how) => said(`本机防火墙丢弃监听程序从 ${name} 发往 UDP 端口 ${port} 的数据（${RULES_ZH[how] ?? how}）`, `在 ${name} 上放行 UDP 端口 ${port}`),
  firewallStopsOut: (name, how) => said(`本机防火墙阻止从 ${name} 发出的广播（${RULES_ZH[how] ?? how}）`, "放行发往广播端口的 UDP"),

  agentRefuses: (host, port) => said(`${host} 在线，但其 UDP 端口 ${port} 无人监听`, "在该主机上启动代理：gapbell-agent run"),
  agentGone: (host) => said(`${host} 连硬件地址（ARP）都没有应答`, "该主机是否开机、网线是否插好？其地址是否已更改？"),
  agentMute: (host) => said(`${host} 在线，但没有应答`, "该主机的防火墙可能丢弃 UDP：请在那里运行 gapbell-agent doctor"),
  agentThere: (name, host) => said(`代理 ${name} 在线（${host}）`),

  isolated: (host, name) => said(`在 ${name} 上能看到其他主机，但看不到 ${host}：可能是无线接入点隔离了各终端`, "关闭该无线网络的客户端隔离（AP 隔离），或改用网线"),
  isolatedWired: (host, name) => said(`在 ${name} 上能看到其他主机，但看不到 ${host}：可能是交换机端口隔离（私有 VLAN），或该主机已关机`, "先确认代理主机是否运行，再检查交换机是否隔离了其端口"),

  loopHeard: (name) => said(`能听到自己在 ${name} 上的广播`),
  loopLost: (name) => said(`本机另一套接字听不到自己在 ${name} 上的广播`, "本机有程序丢弃了它：请检查防火墙"),
  loopUnsent: (name, why) => said(`无法在 ${name} 上发送广播：${why}`, "检查该接口：ip addr、ip route"),
  broadcastAnswered: (name, agents) => said(`${name} 上的广播得到 ${agents} 的应答`),
  broadcastSilent: (name) => said(`${name} 上的广播无人应答`, "这里是集群的局域网吗？其代理是否在运行？"),
  broadcastKept: (name) => said(`本机防火墙不让 ${name} 上广播的应答进入；广播本身可以进入`),
  broadcastHalf: (name, host) => said(
    `${host} 应答单播，但 ${name} 上的广播无人应答：广播在途中丢失，或本机严格的防火墙不让应答进入`,
    "检查交换机或无线接入点是否过滤广播；在此之前告警会延迟",
  ),
  beaconsHeard: (name, ago) => said(`正在运行的监听程序在 ${ago} 前听到过代理 ${name} 的广播`),
  beaconsAwaited: (name) => said(`正在运行的监听程序还在等待代理 ${name} 的第一次广播`),
  beaconsLost: (name, since) => said(
    `能到达代理 ${name}，但正在运行的监听程序已有 ${since} 没有听到其广播：告警只能以单播到达，会延迟`,
    "检查交换机、无线接入点或本机防火墙是否过滤广播",
  ),
  agentHears: (name) => said(`代理能听到 ${name} 上的广播并应答`),
  agentHearsNot: (name) => said(`正在运行的代理听不到 ${name} 上的广播`, "agent.yaml 的 lan.interfaces 是否漏掉了该接口？请重新启动代理"),

  roadUdp: (name) => said(`代理 ${name} 的告警经由 UDP 到达；TCP 也可用`),
  roadUdpAlone: (name) => said(`代理 ${name} 的告警经由 UDP 到达；若 UDP 被阻挡则没有其他路径：TCP 没有应答`),
  roadTcp: (host) => said(`本机与 ${host} 之间的 UDP 被阻挡；告警经由 TCP 到达`, "在沿途和两端主机上放行 UDP 11114 和 11115（在代理主机上运行 gapbell-agent doctor 可检查其防火墙）；在此之前由 TCP 承担"),

  unicastAnswered: (host) => said(`${host} 应答了单播`),
  unicastSilent: (host) => said(`${host} 不应答单播`, "在该主机上运行 gapbell-agent doctor：其防火墙可能丢弃 UDP"),
  unicastUnreachable: (host) => said(`没有通往 ${host} 的路径`, "为本机配置集群局域网的地址，或添加路由"),
  unicastUntried: () => said("不知道任何代理的地址：只能测试广播"),

  notJoined: () => said("本监听程序尚未加入集群", "由管理员批准：gapbell-client join --approve；用邀请：gapbell-client join"),
  welcomed: (name, how) => said(`代理 ${name} 接受本监听程序（${HOW_ZH[how] ?? how}）`),
  helloUnanswered: (name) => said(`代理 ${name} 会应答陌生者，却不应答本监听程序：它已被吊销，或代理的数据库已丢失`, "查看 gapbell-agent listeners；然后索取新的邀请：gapbell-client join --anew"),
  helloUntried: (name, why) => said(`未测试代理 ${name} 是否接受本监听程序：${HOW_ZH[why] ?? why}`),
  kidKnown: (kid) => said(`组密钥与代理当前的一致（${kid}）`),
  kidOther: (ours, theirs) => said(`代理使用组密钥 ${theirs}，本监听程序加入时为 ${ours}：运行中的监听程序会得到当前的密钥`),
  anotherCluster: (names) => said(`此处还能听到其他集群：${names}`),

  versionsFit: (name) => said(`代理 ${name} 使用相同的协议版本`),
  versionsApart: (name, theirs, ours) => said(`代理 ${name} 使用协议版本 ${theirs}，本程序使用 ${ours}`, "在两端安装同一版本"),

  clockFits: (name) => said(`代理 ${name} 与本机的时钟一致`),
  clockApart: (name, apart) => said(`代理 ${name} 与本机的时钟相差 ${apart}：显示给人的时间有误`, "校准时钟（timedatectl）；机房内可用自己的 NTP 服务器"),

  listenersHeard: (count, who) => said(`现在能听到 ${count} 个监听程序：${who}`),
  peerHeard: (name, address) => said(`能听到本集群的代理 ${name}（${address}）`),
  peerSilent: (name, address, last) => said(
    `${last === "" ? "" : `自 ${last} 起`}听不到本集群的代理 ${name}：只有本机在响铃`,
    `该主机上 "gapbell-agent run" 是否在运行${address === "" ? "" : `（最后地址 ${address}）`}？广播到不了时，请在两台主机的 agent.yaml 中用 agents: 写明地址`,
  ),
  listenersSilent: (count, last) => said(`已有 ${count} 个监听程序加入，现在都听不到${last === "" ? "" : `；最近一次是 ${last}`}`),
  listenersNone: () => said("没有监听程序加入：局域网内无处响铃", "gapbell-agent invite --operator 姓名，然后在笔记本上运行 gapbell-client join"),

  relayNone: () => said("没有加入中继：外部无人得到通知", "在跳板机上：gapbell-relay invite；在此：gapbell-agent join-relay"),
  relaySilent: (why) => said(`中继没有应答：${why}`, "检查跳板机：gapbell-relay 是否运行，隧道是否建立？"),
  relayAnswers: (when) => said(`中继有应答（最近一次 ${when}）`),
  legDown: (leg, why) => said(`跳板机的${LEGS_ZH[leg] ?? leg}已断开：${why}`, "检查跳板机的网络：网线、地址、路由、DNS"),
  legUp: (leg) => said(`跳板机的${LEGS_ZH[leg] ?? leg}正常`),
  channelAble: (channel) => said(`${channel} 可以发送`),
  channelUnable: (channel, why) => said(`${channel} 无法发送：${why}`, "在跳板机上运行：gapbell-relay probe"),
  channelsNone: () => said("中继没有任何渠道可以发送：外部无人得到通知", "检查跳板机上的渠道：gapbell-agent relay --fresh 会说明原因"),

  storeGood: (path, free) => said(`“${path}”可写，剩余空间 ${free}`),
  storeMissing: (path) => said(`“${path}”尚不存在：首次启动时创建`),
  storeOpen: (path, mode) => said(`“${path}”的权限为 ${mode}：他人可读`, `chmod 600 "${path}"`),
  storeReadOnly: (path) => said(`“${path}”不可写`, "其目录和文件必须属于运行 Gapbell 的用户，且文件系统以读写方式挂载"),
  storeNotOurs: (path) => said(`“${path}”不是此格式的 Gapbell 数据库`, "移走它，或运行写入它的版本"),
  storeFull: (path, free) => said(`“${path}”所在的位置只剩 ${free}`, "请腾出空间：否则无法接收告警"),

  bufferGood: (bytes) => said(`接收缓冲区最多 ${bytes} 字节`),
  bufferSmall: (most, asked) => said(`接收缓冲区最多 ${most} 字节，需要 ${asked}：告警洪峰时会有更多重发（sysctl net.core.rmem_max=${asked}）`),
};

const KINDS_ZH: Readonly<Record<string, string>> = { wired: "有线", wireless: "无线", tunnel: "隧道", loopback: "回环" };
const LEGS_ZH: Readonly<Record<string, string>> = { lan: "局域网侧", outside: "外网侧" };
const SKIPPED_ZH: Readonly<Record<string, string>> = {
  down: "未启用", "no carrier": "没有连接（网线或无线）", "no address": "没有 IPv4 地址", loopback: "回环接口", "too narrow": "子网过小，没有广播", virtual: "容器或 VPN 的接口",
  "not named": "配置中未指定", excluded: "配置中已排除",
};
const RULES_ZH: Readonly<Record<string, string>> = { "its rules say so": "由其规则得知", "no rule, but our own broadcast does not come back": "规则不可读，但听不到自己的广播" };
const HOW_ZH: Readonly<Record<string, string>> = {
  "the running listener says so": "由正在运行的监听程序得知", "the doctor asked": "由 doctor 询问得知", "it does not answer at all": "它完全没有应答",
  "the keys cannot be used": "密钥无法使用", "the store cannot be opened without changing it": "打开数据库就会改动它", "another process owns the store": "另一个进程正在使用数据库",
};

export const SENTENCES = { en: EN, zh: ZH } as const satisfies Readonly<Record<Language, Sentences>>;

/** What is said between and after the findings. */
export const FRAME = {
  en: { first: "Fix first", well: "All roads work", looking: "Looking" },
  zh: { first: "首先处理", well: "所有路径正常", looking: "正在检查" },
} as const;
