"""Addresses of debt, modernisation, budget, readiness and retro actions."""

from django.urls import URLPattern, path

from .views import debt, files, modernisation, money, readiness

urlpatterns: list[URLPattern] = [
    path("debt/<slug:team>/", debt.listed, name="debts"),
    path("debt/<slug:team>/rows.csv", debt.rows_csv, name="debts_csv"),
    path("debt/<slug:team>/new/", debt.new_debt, name="new_debt"),
    path("debt-item/<int:pk>/", debt.debt, name="debt"),
    path("debt-item/<int:pk>/edit/", debt.edit_debt, name="edit_debt"),
    path("debt-item/<int:pk>/spent/", debt.log_work, name="log_debt_work"),
    path("debt-item/<int:pk>/size/", debt.rescore, name="rescore_debt"),
    path("debt-item/<int:pk>/end/", debt.end_debt, name="end_debt"),
    path("modernisation/<slug:team>/", modernisation.listed, name="modernisation"),
    path("modernisation/<slug:team>/rows.csv", files.modernisation_csv, name="modernisation_csv"),
    path("modernisation/<slug:team>/new/", modernisation.new_plan, name="new_modernisation_plan"),
    path("modernisation-plan/<int:pk>/", modernisation.plan, name="modernisation_plan"),
    path("modernisation-plan/<int:pk>/edit/", modernisation.edit_plan, name="edit_modernisation_plan"),
    path("modernisation-plan/<int:pk>/phase/", modernisation.new_phase, name="new_phase"),
    path("modernisation-plan/<int:pk>/not-measurable/", modernisation.new_mark, name="new_not_measurable"),
    path("phase/<int:pk>/fund/", modernisation.fund, name="fund_phase"),
    path("exit-criterion/<int:pk>/", modernisation.mark, name="mark_criterion"),
    path("not-measurable/<int:pk>/end/", modernisation.end_mark, name="end_not_measurable"),
    path("budget/<slug:team>/", money.page, name="budget"),
    path("budget/<slug:team>/rows.csv", money.rows_csv, name="budget_csv"),
    path("budget/<slug:team>/new/", money.new_line, name="new_budget_line"),
    path("budget/<slug:team>/file/", money.take_file, name="budget_file"),
    path("budget-line/<int:pk>/", money.edit_line, name="edit_budget_line"),
    path("budget-line/<int:pk>/remove/", money.remove_line, name="remove_budget_line"),
    path("go/<slug:team>/", readiness.listed, name="checklists"),
    path("go/<slug:team>/rows.csv", files.checklists_csv, name="checklists_csv"),
    path("go/<slug:team>/new/", readiness.new_checklist, name="new_checklist"),
    path("checklist/<int:pk>/", readiness.checklist, name="checklist"),
    path("checklist/<int:pk>/item/", readiness.new_item, name="new_checklist_item"),
    path("checklist/<int:pk>/decide/", readiness.decide, name="go_decision"),
    path("checklist-item/<int:pk>/", readiness.say, name="say_of_item"),
    path("retro/<slug:team>/", readiness.retro_actions, name="retro_actions"),
    path("retro/<slug:team>/rows.csv", files.retro_csv, name="retro_csv"),
    path("retro/<slug:team>/new/", readiness.new_retro_action, name="new_retro_action"),
    path("retro-action/<int:pk>/done/", readiness.close_retro_action, name="close_retro_action"),
]
