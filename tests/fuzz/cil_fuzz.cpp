// cil_fuzz.cpp - the client library against hostile servers: the input is a story of frames, closes, calls and time.
//
// Two servers on the simulated network do what the input says: frames that are right, nearly right or nonsense, resets,
// deafness, silence; the program calls the library from outside and from inside handlers, as the input says. What must
// hold: nothing crashes and no invariant of Engine breaks; every accepted Connect has one end and every accepted request
// too; nothing is told between two lives; what the getters give is of the class that they name; and in the end the session
// can be disconnected, stays so, and lets its memory be destroyed.
#define CTI_CIL_NO_GLOBAL_NAMES
#include "cil/cil.hpp"
#include "tests/fuzz/hostile_server.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace {

using namespace cti;
using namespace cti::cil;
using namespace cti::fuzz;

/// The program: calls what the input says, and keeps the books that the library must agree with.
class Program : public IGenericEvents {
 public:
  Program(core::SimWorld& world, Input& input) : world_(world), input_(input) {
    SessionOptions options;
    options.own_thread = false;
    options.seed = 1 + input.below(2);
    options.keep_trying = false;  // so that the last failure is the end of a life
    options.limits = {
        .objects_max = 32, .object_bytes_max = 1 << 20, .snapshot_bytes_max = 1 << 16};
    options.io = world.network().make_io("10.0.0.9", {.connections_max = 8, .receive_buffers = 4});
    session_ = std::make_unique<CCtiOsSession>(std::move(options));
    session_->AddAllInOneEventGenericListener(this);
    actor_ = world.add("10.0.0.9", [this](TimePoint) { return session_->process(60'000); });
  }
  ~Program() override { world_.remove(actor_); }

  void OnEvent(int event, Arguments& args) override {
    if (lives_ <= 0) found("an event between two lives");
    const bool last = event == eOnConnectionClosed || event == eOnConnectionRejected ||
                      (event == eOnConnectionFailure && args.IsValid(CTIOS_FINALATTEMPT));
    if (event == eControlFailureConf || event == eMakeCallConf) --open_;
    if (open_ < 0 && input_.counted) found("more ends than requests");
    if (last && open_ != 0 && input_.counted) found("a request outlives its life");
    if (last) open_ = 0;
    if (last) --lives_;
    (void)args.DumpArgs();
    if (!ending_ && reacts_ > 0) --reacts_, call();
  }

  void call() {
    Arguments args;
    switch (input_.below(16)) {
      case 0:
      case 1:
        args.AddItem(CTIOS_CTIOSA, kHosts[0]);
        args.AddItem(CTIOS_CTIOSB, kHosts[1]);
        args.AddItem(CTIOS_HEARTBEAT, 1);
        if (session_->Connect(args) == CIL_OK) ++lives_;
        return;
      case 2:
        if (input_.below(2)) args.AddItem(CTIOS_FORCEDDISCONNECT, true);
        session_->Disconnect(args);
        return;
      case 3:
      case 4:
        if (input_.below(4) == 0 || !agent_) agent_ = Ref<CAgent>(new CAgent);
        agent_->SetValue(CTIOS_AGENTID, input_.below(2) ? "22866" : "1");
        agent_->SetValue(CTIOS_PERIPHERALID, 5000);
        session_->SetAgent(*agent_);
        return;
      case 5:
        session_->SetAgent(nullptr);
        return;
      case 6:
        session_->SetMessageFilter("MessageID=*");
        return;
      case 7:
        if (session_->RequestDesktopSettings(args) == CIL_OK) ++open_;
        return;
      case 8:
        args.AddItem(CTIOS_DIALEDNUMBER, std::string(input_.byte() * 100, '1'));
        if (agent_ && agent_->MakeCall(args) == CIL_OK) ++open_;
        return;
      case 9:
        if (input_.below(2)) {  // may log in again by itself
          args.AddItem(CTIOS_AUTOLOGIN, 1);
          input_.counted = false;
        }
        if (agent_ && agent_->Login(args) == CIL_OK) ++open_;
        return;
      case 10:
        reacts_ = input_.below(16);
        return;
      default:
        return look(input_.byte());
    }
  }

  /// After any story: the session can be ended, and what has ended stays so.
  void finish() {
    ending_ = true;
    Arguments forced;
    forced.AddItem(CTIOS_FORCEDDISCONNECT, true);
    session_->Disconnect(forced);
    world_.run_for(Seconds(5));
    if (session_->Disconnect(forced) != E_CTIOS_SESSION_NOT_CONNECTED) found("no end");
    if (lives_ != 0 || (open_ != 0 && input_.counted))
      found("a Connect or a request without an end");
    for (const auto* all : {&session_->GetAllAgents(), &session_->GetAllCalls()}) {
      if (all->NumElements() != 0) found("objects outlive their life");
      all->Release();
    }
  }

 private:
  template <class T>
  void look_at(Arguments& all) {
    const Ref<Arguments> owned(all);
    for (int i = 1; i <= all.NumElements(); ++i) {
      const auto* reference = dynamic_cast<const CilRefArg*>(all.at(i));
      if (!reference) found("a collection holds what is no object");
      const Ref<CCtiOsObject> object(reference->GetValue());
      if (!dynamic_cast<T*>(object.get())) found("an object of another class");
      (void)object->DumpProperties();
    }
  }

  void look(std::uint8_t what) {
    switch (what % 8) {
      case 0:
        return look_at<CAgent>(session_->GetAllAgents());
      case 1:
        return look_at<CCall>(session_->GetAllCalls());
      case 2:
        return look_at<CSkillGroup>(session_->GetAllSkillGroups());
      case 3: {
        const Ref<CCall> call(session_->GetCurrentCall());
        if (call && call->Answer() == CIL_OK) ++open_;
        return;
      }
      case 4: {
        CCtiOsObject* object = nullptr;
        if (!session_->GetObjectFromObjectID(input_.of(kIds), &object)) return;
        kept_[what / 64] = Ref<CCtiOsObject>(object);
        if (auto* call = dynamic_cast<CCall*>(object)) session_->SetCurrentCall(*call);
        return;
      }
      case 5:
        if (kept_[what / 64]) (void)kept_[what / 64]->DumpProperties();
        return;
      case 6: {
        Arguments mask;
        mask.AddItem("Event1", int{eCallBeginEvent});
        const Ref<CWaitObject> wait(session_->CreateWaitObject(mask));
        if (wait) (void)wait->GetTriggerEvent();
        return;
      }
      default:
        (void)session_->DumpProperties();
        (void)session_->GetSystemStatus();
        (void)session_->IsSupervisor();
        return;
    }
  }

  core::SimWorld& world_;
  Input& input_;
  std::unique_ptr<CCtiOsSession> session_;
  core::SimWorld::ActorId actor_ = 0;
  Ref<CAgent> agent_;
  std::array<Ref<CCtiOsObject>, 4> kept_;
  int lives_ = 0;
  int open_ = 0;
  std::uint32_t reacts_ = 0;
  bool ending_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 * 1024) return 0;
  Input input(data, size);
  core::SimNetwork network(1);
  core::SimWorld world(network, 1);
  HostileServer a(world, kHosts[0], input);
  HostileServer b(world, kHosts[1], input);
  Program program(world, input);
  while (!input.over()) {
    switch (input.below(8)) {
      case 0:
      case 1:
      case 2:
        a.act();
        break;
      case 3:
        b.act();
        break;
      case 4:
      case 5:
        program.call();
        break;
      case 6:
        world.run_for(Millis(1 + input.below(64)));
        break;
      default:
        world.run_for(Millis(100) * input.byte());
    }
  }
  program.finish();
  return 0;
}
